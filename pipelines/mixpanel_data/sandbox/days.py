"""One day of the export: in memory, or in an existing gzip file."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from mixpanel_data.sandbox import compression
from mixpanel_data.sandbox.records import Event, in_seconds

_READ_BYTES = 1 << 20


class MemoryDay:
    """The lines of one UTC day, in the order in which they were added: an export has no order.

    Bodies are created on first use and cached. A day that was passed to a reader is ``shared`` and
    no longer changed.
    """

    def __init__(self, records: Iterable[Event | bytes] = ()) -> None:
        self.records = list(records)
        self.shared = False
        self._plain: dict[bool, bytes] = {}
        self._gzip: dict[bool, bytes] = {}
        self._lock = threading.Lock()

    def plain(self, *, time_in_ms: bool) -> bytes:
        """Return the complete body, uncompressed."""
        with self._lock:
            if time_in_ms not in self._plain:
                self._plain[time_in_ms] = b"".join(
                    _line(record, time_in_ms=time_in_ms) for record in self.records
                )
            return self._plain[time_in_ms]

    def gzipped(self, *, time_in_ms: bool) -> bytes:
        """Return the complete body as one joinable gzip member."""
        plain = self.plain(time_in_ms=time_in_ms)
        with self._lock:
            if time_in_ms not in self._gzip:
                self._gzip[time_in_ms] = compression.pack(plain)
            return self._gzip[time_in_ms]


class FileDay:
    """A day in a gzip file of NDJSON, event times in milliseconds, too large for memory.

    A file written by ``compression.pack`` can be joined with others at no cost. Any other file is
    streamed unchanged if requested alone, and recompressed if requested with others or in
    seconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(10)
            file.seek(-14, 2)
            tail = file.read()
        self.is_joinable = compression.is_joinable(head, tail)
        self.size = compression.plain_size(tail)

    def compressed(self) -> Iterator[bytes]:
        """Yield the bytes of the file."""
        with self.path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                yield piece

    def lines(self) -> Iterator[bytes]:
        """Yield the lines with their line breaks, times in milliseconds."""
        held = b""
        for piece in compression.decompress(self.compressed()):
            *whole, held = (held + piece).split(b"\n")
            yield from (line + b"\n" for line in whole)
        if held:
            yield held


def _line(record: Event | bytes, *, time_in_ms: bool) -> bytes:
    if isinstance(record, bytes):
        return record
    return record.line if time_in_ms else in_seconds(record.line)
