"""What the ledger holds: a record for each day of events, and for each read of profiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mixpanel_data._internal.streams.event_filter import UNFILTERED


@dataclass(frozen=True)
class ReadRecord:
    """What the ledger holds of the newest read of one kind."""

    row_count: int
    """Profiles it brought."""
    fetched_at: datetime
    """When it began, naive UTC."""
    load_id: str
    newest_seen: datetime | None
    """The greatest ``$last_seen`` among them, naive UTC; None: no profile had one."""
    load_number: int = 0
    """Where its load stands in the order of loads; 0 for loads of version 0.1.0, which wrote no
    number."""


Reads = Mapping[tuple[str, str], ReadRecord]
"""By kind and filter hash."""


@dataclass(frozen=True)
class DayRecord:
    """What the ledger holds of one day of events."""

    day: date
    range_end: datetime
    """The first instant after the day, naive UTC."""
    row_count: int
    late_count: int
    rejected_count: int
    bytes: int
    fetched_at: datetime
    """Naive UTC."""
    load_id: str
    filter_hash: str = UNFILTERED
    """What part of the day's events is there."""
    previous_row_count: int | None = None
    """Its events before this fetch; None: it was the first."""
    max_processed_at: datetime | None = None
    """When Mixpanel took in the newest of them, naive UTC; None where no event says."""
    load_number: int = 0
    """Where its load stands in the order of loads; 0 for loads of version 0.1.0, which wrote no
    number."""

    @property
    def newest_arrival(self) -> timedelta | None:
        """How long after the end of the day its newest event came; None when it came within the
        day."""
        late = (self.max_processed_at or self.range_end) - self.range_end
        return late if late > timedelta(0) else None

    def is_complete(self, filter_hash: str = UNFILTERED) -> bool:
        """Whether the day was over when it was fetched, and this is the part of it that was asked
        for."""
        return self.fetched_at >= self.range_end and self.filter_hash == filter_hash


@dataclass(frozen=True)
class Project:
    """Whose data it is, and which days it is counted in."""

    project_id: str
    region: str
    zone: str
    wanted_from: date | None
    """The first day the run that fetched this set out to bring."""
