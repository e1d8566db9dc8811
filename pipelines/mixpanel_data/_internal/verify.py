"""Proof, while a body arrives, that it is whole.

Status 200 proves nothing: an export that breaks off may end with perfect HTTP framing (reference page, 11.6).
So the gzip trailer is checked, every line must look like a JSON object, and the first and the last must be events.
The bytes are only looked at; nothing is parsed that will be loaded, and nothing is split anywhere but at ``\\n``.
"""

import json
import zlib
from dataclasses import dataclass

from mixpanel_data.exceptions import IncompleteExportError

GZIP = 31  # zlib's window bits for a gzip wrapper
BROKEN_OFF = (
    b"terminated early"  # the line "terminated early" or "export terminated early" under status 200
)
SHOWN = 120  # characters of a bad line that an error message quotes


@dataclass(frozen=True)
class Proof:
    """What a whole body holds."""

    lines: int
    raw_bytes: int
    regular: bool
    """Every line is one ``{…}``; if not, the lines have to be looked at one by one."""


class BodyVerifier:
    """Takes a body in pieces, of any size, and says at the end whether it was whole."""

    def __init__(self, *, compressed: bool) -> None:
        self._gzip = zlib.decompressobj(GZIP) if compressed else None
        self._compressed = compressed
        self._seen = 0
        self._raw_bytes = 0
        self._newlines = 0
        self._joints = 0  # places where one object ends and the next begins
        self._edge = b""  # the last two bytes, for joints that lie across two pieces
        self._head = b""
        self._first: bytes | None = None
        self._last = b""
        self._tail = bytearray()  # what came after the last line break

    def feed(self, chunk: bytes) -> None:
        """Take the next piece, as it came over the wire.

        Raises:
            IncompleteExportError: it is not the gzip it was announced as.
        """
        self._seen += len(chunk)
        if not self._compressed:
            self._look_at(chunk)
            return
        try:
            self._inflate(chunk)
        except zlib.error as error:
            raise broken("corrupt gzip", f"the body is not valid gzip ({error})") from None

    def _inflate(self, chunk: bytes) -> None:
        while chunk:
            if self._gzip is None or self._gzip.eof:
                self._gzip = zlib.decompressobj(GZIP)  # a body may be several gzip members
            self._look_at(self._gzip.decompress(chunk))
            chunk = self._gzip.unused_data

    def _look_at(self, data: bytes) -> None:
        if not data:
            return
        self._raw_bytes += len(data)
        newlines = data.count(b"\n")
        self._newlines += newlines
        joined = self._edge + data
        self._joints += joined.count(b"}\n{")
        self._edge = joined[-2:]
        if self._first is None:
            self._head += data if not newlines else data[: data.index(b"\n")]
            self._first = self._head if newlines else None
        if not newlines:
            self._tail += data
            return
        end = data.rfind(b"\n")
        start = data.rfind(b"\n", 0, end)
        self._last = data[start + 1 : end] if start >= 0 else bytes(self._tail) + data[:end]
        self._tail = bytearray(data[end + 1 :])

    def finish(self) -> Proof:
        """What the body holds, now that it has ended.

        Raises:
            IncompleteExportError: it was cut, broke off, or is no export at all.
        """
        if self._compressed and self._seen and not (self._gzip and self._gzip.eof):
            raise broken("cut gzip", "the compressed body ends before its trailer")
        tail = bytes(self._tail)
        lines = self._newlines + (1 if tail.strip() else 0)
        if not lines:
            return Proof(0, self._raw_bytes, regular=True)
        _must_be_event(tail if tail.strip() else self._last, "last")
        _must_be_event(self._first if self._first is not None else tail, "first")
        return Proof(
            lines, self._raw_bytes, regular=self._joints == lines - 1 and self._ends_plainly(tail)
        )

    def _ends_plainly(self, tail: bytes) -> bool:
        return self._edge.endswith((b"}", b"}\n")) and (not tail or tail[:1] == b"{")


def _must_be_event(line: bytes, which: str) -> None:
    if BROKEN_OFF in line[-200:].lower() and not line.rstrip().endswith(b"}"):
        raise broken(
            "terminated early", "Mixpanel ended the export with the line 'terminated early'"
        )
    try:
        event = json.loads(line)
    except ValueError:
        raise broken(
            f"unreadable {which} line", f"the {which} line is not JSON: {_quote(line)}"
        ) from None
    if isinstance(event, dict) and isinstance(event.get("properties"), dict) and "event" in event:
        return
    raise broken("not an export", f"the {which} line is no event: {_quote(line)}")


def _quote(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace").strip()
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def broken(reason: str, explanation: str) -> IncompleteExportError:
    """The error for a body that is not whole: ``reason`` for programs, ``explanation`` for people."""
    text = f"{explanation[:1].upper()}{explanation[1:]}."
    return IncompleteExportError(text, reason=reason, details={"explanation": text})
