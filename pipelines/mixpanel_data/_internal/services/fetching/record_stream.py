"""A stream of records, and the problems found in the lines they were read from."""

import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.exceptions import RejectedLinesWarning
from mixpanel_data.types import RejectedLine

_SHOWN = 3
"""Lines that a warning lists."""


@dataclass
class Findings:
    """The problems found in lines."""

    rejected: list[RejectedLine] = field(default_factory=list)
    repaired: list[RejectedLine] = field(default_factory=list)
    duplicates: int = 0
    yielded: int = 0
    """Records that the caller has."""
    _has_warned: bool = False

    def warn(self, where: str, *, stacklevel: int) -> None:
        """Warn once about unreadable lines; ``where`` is where to find them."""
        lines = [*self.rejected, *self.repaired]
        if not lines or self._has_warned:
            return
        self._has_warned = True
        shown = "; ".join(map(str, lines[:_SHOWN]))
        more = f"; and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
        counts = [
            f"{len(some):,} {what}"
            for some, what in (
                (self.rejected, "left out"),
                (self.repaired, "loaded with replaced characters"),
            )
            if some
        ]
        warnings.warn(
            f"Mixpanel sent lines that can't be loaded as they are ({' and '.join(counts)}): "
            f"{shown}{more}. {where}.",
            RejectedLinesWarning,
            stacklevel=stacklevel + 1,
        )


class RecordStream(Iterator[dict[str, Any]]):
    """Yields records one by one, as Mixpanel sends them; a context manager that ends the reading.

    ``rejected`` lists the unreadable lines so far, which are left out; ``repaired`` those whose
    records have replaced characters; ``duplicates`` counts the copies of other records that are
    left out. At the end a RejectedLinesWarning reports such lines, if there were any.
    """

    def __init__(self, findings: Findings, records: Generator[dict[str, Any]]) -> None:
        self._findings = findings
        self._records = records

    @property
    def rejected(self) -> list[RejectedLine]:
        """The unreadable lines so far."""
        return list(self._findings.rejected)

    @property
    def repaired(self) -> list[RejectedLine]:
        """The lines so far whose records have replaced characters."""
        return list(self._findings.repaired)

    @property
    def duplicates(self) -> int:
        """The number of copies left out so far."""
        return self._findings.duplicates

    def __iter__(self) -> "RecordStream":
        return self

    def __next__(self) -> dict[str, Any]:
        try:
            record = next(self._records)
        except StopIteration:
            self._findings.warn("`.rejected` and `.repaired` of the stream have them", stacklevel=3)
            raise
        self._findings.yielded += 1
        return record

    def close(self) -> None:
        """End the reading."""
        self._records.close()

    def __enter__(self) -> "RecordStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
