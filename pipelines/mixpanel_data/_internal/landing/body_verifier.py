"""Proof, while a body arrives, that it is whole.

Status 200 proves nothing: an export that breaks off may end with perfect HTTP framing. So the gzip
trailer is checked, the lines are counted, and the last line must have its end: a line break, or the
end of its JSON object. What a good line is, wherever it stands, DuckDB says when it loads them: it
must find as many events as there are lines. Nothing is split anywhere but at ``\\n``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mixpanel_data._internal.api.bounds import Bounds, exceeds_limit
from mixpanel_data._internal.api.gzip_body import BAD_GZIP, Inflater
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data._internal.landing.repair_lines import is_closed
from mixpanel_data._internal.text import format_size
from mixpanel_data.exceptions import IncompleteExportError

BROKEN_OFF = (
    b"terminated early"  # the line "terminated early" or "export terminated early" under status 200
)
EVENT = b'"event"'
"""No line of an export is without it."""
SHOWN = 120  # characters of a bad line that an error message quotes


@dataclass(frozen=True)
class Proof:
    """What a whole body holds."""

    lines: int
    raw_bytes: int
    longest_line: int
    """Bytes; an upper bound that is never far off for lines longer than a piece."""


class BodyVerifier:
    """Takes a body in pieces, of any size, hands it on inflated, and says at the end whether it was
    whole.

    The account's ``secret`` is removed from what is handed on.
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
        self._last = b""  # the last line that ended and is not blank
        self._tail = bytearray()  # what came after it
        self._before = b""  # the end of the piece before, while no event was seen
        self._has_event = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The content of the next piece of the wire's bytes.

        Raises:
            IncompleteExportError: it is not the gzip it was announced as, or is beyond a bound.
        """
        try:
            for data in self._inflater.feed(chunk) if self._inflater else (chunk,):
                for piece in self._stream.feed(data) if self._stream else (data,):
                    self._look_at(piece)
                    yield piece
        except BAD_GZIP as error:
            raise broken("corrupt gzip", f"the body is not valid gzip ({error})") from None

    def rest(self) -> bytes:
        """The last content, once the body has ended: of its last line."""
        data = self._stream.finish() if self._stream else b""
        self._look_at(data)
        return data

    def _require_within(self, data: bytes) -> None:
        # Lines within a piece, which has a megabyte, matter to a bound that is smaller still.
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

    def _look_at(self, data: bytes) -> None:
        self._raw_bytes += len(data)
        if not self._has_event:
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
            self._require_within(data)
            return
        end = data.rfind(b"\n")
        self._last = _last_text(bytes(self._tail), data, end) or self._last
        self._tail = bytearray(data[end + 1 :])
        self._require_within(data)

    def finish(self) -> Proof:
        """What the body holds, now that it has ended.

        Raises:
            IncompleteExportError: it was cut, broke off, or is no export at all.
        """
        if self._inflater and not self._inflater.is_whole:
            raise broken("cut gzip", "the compressed body ends before its trailer")
        tail = bytes(self._tail)
        lines = self._newlines + (1 if tail.strip() else 0)
        if not self._last and not tail.strip():
            lines = 0  # blank lines alone are an empty export
        if lines:
            head = self._head if self._head_ended else tail
            self._require_end(head, tail)
            if not self._has_event:
                raise broken("not an export", f"no line is an event; the first is {_quote(head)}")
        return Proof(lines, self._raw_bytes, self._longest)

    def _require_end(self, head: bytes, tail: bytes) -> None:
        unfinished = bool(tail.strip())
        last = tail if unfinished else self._last
        if BROKEN_OFF in last[-200:].lower() and not last.rstrip().endswith(b"}"):
            raise broken(
                "terminated early", "Mixpanel ended the export with the line 'terminated early'"
            )
        if unfinished and not is_closed(tail):
            raise broken("unreadable last line", f"the last line is cut: {_quote(tail)}")
        for line in (head, last):
            if _is_error(line):
                raise broken("not an export", f"Mixpanel sent an error: {_quote(line)}")


def _last_text(tail: bytes, data: bytes, end: int) -> bytes:
    """The last line before ``end`` that is not blank, of ``tail`` and ``data`` together; empty
    without one."""
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


def broken(reason: str, explanation: str) -> IncompleteExportError:
    """The error for a body that is not whole: ``reason`` for programs, ``explanation`` for people."""
    text = f"{explanation[:1].upper()}{explanation[1:]}."
    return IncompleteExportError(text, reason=reason, details={"explanation": text})
