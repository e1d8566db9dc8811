"""Verifies, while a body arrives, that it is complete.

Status 200 proves nothing: an export that ends early may have valid HTTP framing. So the verifier
checks the gzip trailer, counts the lines, and requires an end of the last line: a line
break, or the end of its JSON object. Which lines are valid, DuckDB decides when it loads them: it
must find as many events as there are lines. Lines are split at ``\\n`` only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mixpanel_data._internal.api.bounds import Bounds, exceeds_limit
from mixpanel_data._internal.api.gzip_body import BAD_GZIP, Inflater
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.landing.repair_lines import is_complete_object
from mixpanel_data._internal.text import format_size
from mixpanel_data.exceptions import IncompleteExportError

# The line "terminated early" or "export terminated early", sent with status 200.
TERMINATED_EARLY = b"terminated early"
EVENT = b'"event"'
"""Every line of an export contains it."""
SHOWN = 120  # characters of a bad line that an error message quotes


@dataclass(frozen=True)
class Proof:
    """The size of a complete body."""

    lines: int
    raw_bytes: int
    longest_line: int
    """Bytes; an upper bound, which is close for lines longer than a part."""


class BodyVerifier:
    """Takes a body in parts, decompresses it, and decides at its end whether it was complete.

    The account's ``secret`` is removed from the decompressed content.
    """

    def __init__(
        self, *, compressed: bool, secret: SecretBytes | None = None, bounds: Bounds | None = None
    ) -> None:
        self._inflater = Inflater() if compressed else None
        self._stream = secret.stream() if secret else None
        self._bounds = bounds or Bounds()
        self._raw_bytes = 0
        self._newlines = 0
        self._longest = 0
        self._head = b""  # the first line, once it has ended
        self._head_ended = False
        self._last = b""  # the last complete line that is not blank
        self._tail = bytearray()  # what follows it
        self._before = b""  # the end of the previous part, until an event is found
        self._has_event = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the content of the next received bytes.

        Raises:
            IncompleteExportError: if they are not gzip as announced, or exceed a limit.
        """
        try:
            for data in self._inflater.feed(chunk) if self._inflater else (chunk,):
                for piece in self._stream.feed(data) if self._stream else (data,):
                    self._inspect(piece)
                    yield piece
        except BAD_GZIP as error:
            raise incomplete_export(
                "corrupt gzip", f"the body is not valid gzip ({error})"
            ) from None

    def remaining(self) -> bytes:
        """Return the last content, after the body has ended."""
        data = self._stream.finish() if self._stream else b""
        self._inspect(data)
        return data

    def _require_limits(self, data: bytes) -> None:
        # A part has up to a megabyte; lines within it are compared only with limits below that.
        if len(self._tail) > self._bounds.line or (
            len(data) > self._bounds.line and max(map(len, data.split(b"\n"))) > self._bounds.line
        ):
            raise exceeds_limit(
                "line too long",
                f"A line is longer than {format_size(self._bounds.line)}.",
                "MP_MAX_LINE_SIZE",
            )
        if self._raw_bytes > self._bounds.export:
            raise exceeds_limit(
                "export too large",
                f"It is larger than {format_size(self._bounds.export)}.",
                "MP_MAX_EXPORT_SIZE",
            )

    def _inspect(self, data: bytes) -> None:
        self._raw_bytes += len(data)
        if not self._has_event:
            # With the end of the previous part, since the text may be divided between two.
            self._has_event = EVENT in self._before + data
            self._before = (self._before + data)[1 - len(EVENT) :]
        newlines = data.count(b"\n")
        self._newlines += newlines
        if newlines and not self._head_ended:
            self._head = bytes(self._tail) + data.split(b"\n", 1)[0]
            self._head_ended = True
        self._longest = max(self._longest, len(self._tail) + len(data))
        if not newlines:
            self._tail += data
            self._require_limits(data)
            return
        end = data.rfind(b"\n")
        self._last = _last_text(bytes(self._tail), data, end) or self._last
        self._tail = bytearray(data[end + 1 :])
        self._require_limits(data)

    def finish(self) -> Proof:
        """Return the size of the body, which has ended.

        Raises:
            IncompleteExportError: if it was truncated, ended early, or is not an export.
        """
        if self._inflater and not self._inflater.is_whole:
            raise incomplete_export("cut gzip", "the compressed body ends before its trailer")
        tail = bytes(self._tail)
        lines = self._newlines + (1 if tail.strip() else 0)
        if not self._last and not tail.strip():
            lines = 0  # blank lines alone are an empty export
        if lines:
            head = self._head if self._head_ended else tail
            self._require_end(head, tail)
            if not self._has_event:
                raise incomplete_export(
                    "not an export", f"no line is an event; the first is {_quote(head)}"
                )
        return Proof(lines, self._raw_bytes, self._longest)

    def _require_end(self, head: bytes, tail: bytes) -> None:
        unfinished = bool(tail.strip())
        last = tail if unfinished else self._last
        # An event may contain this text, but ends with a brace.
        if TERMINATED_EARLY in last[-200:].lower() and not last.rstrip().endswith(b"}"):
            raise incomplete_export(
                "terminated early", "Mixpanel ended the export with the line 'terminated early'"
            )
        if unfinished and not is_complete_object(tail):
            raise incomplete_export("unreadable last line", f"the last line is cut: {_quote(tail)}")
        for line in (head, last):
            if _is_error(line):
                raise incomplete_export("not an export", f"Mixpanel sent an error: {_quote(line)}")


def _last_text(tail: bytes, data: bytes, end: int) -> bytes:
    """Return the last line before ``end`` of ``tail + data`` that is not blank; empty without
    one."""
    while end >= 0:
        start = data.rfind(b"\n", 0, end)
        line = data[start + 1 : end] if start >= 0 else tail + data[:end]
        if line.strip():
            return line
        end = start
    return b""


def _is_error(line: bytes) -> bool:
    keys = (b'"error"', b'"properties"', EVENT)
    return line.startswith(b"{") and [key in line for key in keys] == [True, False, False]


def _quote(line: bytes) -> str:
    text = line[: 4 * SHOWN].decode("utf-8", "backslashreplace").strip()
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def incomplete_export(reason: str, explanation: str) -> IncompleteExportError:
    """Return the error for an incomplete body, with a ``reason`` for programs and an
    explanation."""
    text = f"{explanation[:1].upper()}{explanation[1:]}."
    return IncompleteExportError(text, reason=reason, details={"explanation": text})
