"""An error of the HTTP library and those it comes from."""

import re
from collections.abc import Iterator


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error``, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def without_quotes(error: BaseException) -> BaseException:
    """``error``, with no bytes of the server in its text, nor in that of the errors it comes from.

    A malformed status line, header or chunk is quoted by the HTTP library, and may echo what was
    sent.
    """
    for link in chain(error):
        link.args = tuple(
            _QUOTED_BYTES.sub("(what the server sent)", part) if isinstance(part, str) else part
            for part in link.args
        )
    return error


_QUOTED_BYTES = re.compile(r"(?s)(?:bytearray\()?\bb['\"].*")
