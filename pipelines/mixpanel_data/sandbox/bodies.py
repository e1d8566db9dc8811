"""The body of an export response, plain or compressed, produced in parts while it is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mixpanel_data.sandbox import compression
from mixpanel_data.sandbox.days import FileDay, MemoryDay
from mixpanel_data.sandbox.records import in_seconds

# An uneven first part, then a prime: as in real exports, parts do not end where lines end.
FIRST_PIECE = 777
PIECE = 262_139


@dataclass(frozen=True)
class DaysBody:
    """Whole days. ``members`` sends stored gzip files one after another, as gzip members."""

    days: Sequence[MemoryDay | FileDay]
    time_in_ms: bool
    members: bool = False

    @property
    def size(self) -> int:
        """The bytes before compression."""
        return sum(
            day.size if isinstance(day, FileDay) else len(day.plain(time_in_ms=self.time_in_ms))
            for day in self.days
        )

    def plain(self) -> Iterator[bytes]:
        """Yield the uncompressed body."""
        for day in self.days:
            yield from self._plain_day(day)

    def gzipped(self) -> Iterator[bytes]:
        """Yield the body as one gzip stream, reusing compressed days where possible."""
        stored = [self._gzip_day(day) for day in self.days]
        whole = [pieces for pieces in stored if pieces is not None]
        if len(whole) < len(stored):
            return compression.recompress(self.plain())
        if len(whole) == 1 or self.members:
            return (piece for pieces in whole for piece in pieces)
        if all(isinstance(day, MemoryDay) or day.is_joinable for day in self.days):
            return compression.join(whole)
        return compression.recompress(self.plain())

    def _plain_day(self, day: MemoryDay | FileDay) -> Iterator[bytes]:
        if isinstance(day, MemoryDay):
            yield day.plain(time_in_ms=self.time_in_ms)
        elif self.time_in_ms:
            yield from compression.decompress(day.compressed())
        else:
            yield from map(in_seconds, day.lines())

    def _gzip_day(self, day: MemoryDay | FileDay) -> Iterator[bytes] | None:
        """Return the compressed day; None if the stored bytes differ from the requested ones."""
        if isinstance(day, MemoryDay):
            return iter([day.gzipped(time_in_ms=self.time_in_ms)])
        return day.compressed() if self.time_in_ms else None


@dataclass(frozen=True)
class LinesBody:
    """The lines that match a filter."""

    lines: Sequence[bytes]

    @property
    def size(self) -> int:
        """The bytes before compression."""
        return sum(map(len, self.lines))

    def plain(self) -> Iterator[bytes]:
        """Yield the uncompressed body."""
        return iter(self.lines)

    def gzipped(self) -> Iterator[bytes]:
        """Yield the body as one gzip stream."""
        return compression.recompress([b"".join(self.lines)])


def rechunk(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in other parts, whose ends match ends of lines only by chance."""
    held, size = b"", FIRST_PIECE
    for piece in pieces:
        held += piece
        start = 0
        while len(held) - start >= size:
            yield held[start : start + size]
            start, size = start + size, PIECE
        held = held[start:]
    if held:
        yield held
