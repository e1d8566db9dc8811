"""The causes of an error."""

import re
from collections.abc import Iterator


def error_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield ``error``, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def remove_quoted_bytes(error: BaseException) -> BaseException:
    """Return ``error`` without bytes of the server in its message or in those of its causes.

    The HTTP library quotes a malformed status line, header or chunk, which may repeat what was
    sent.
    """
    for link in error_chain(error):
        link.args = tuple(
            _QUOTED_BYTES.sub("(what the server sent)", part) if isinstance(part, str) else part
            for part in link.args
        )
    return error


_QUOTED_BYTES = re.compile(r"(?s)(?:bytearray\()?\bb['\"].*")
