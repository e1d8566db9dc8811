"""The ledger's records: one for each day of events, and one for each read of profiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mixpanel_data._internal.streams.event_filter import UNFILTERED


@dataclass(frozen=True)
class ReadRecord:
    """The newest read of one kind."""

    row_count: int
    """The number of profiles read."""
    fetched_at: datetime
    """When the read began, in naive UTC."""
    load_id: str
    newest_seen: datetime | None
    """The latest ``$last_seen`` among them, in naive UTC; None if no profile had one."""
    load_number: int = 0
    """The number of its load; 0 for loads of version 0.1.0, which wrote none."""


Reads = Mapping[tuple[str, str], ReadRecord]
"""Reads by kind and filter hash."""


@dataclass(frozen=True)
class DayRecord:
    """One day of events."""

    day: date
    range_end: datetime
    """The first instant after the day, in naive UTC."""
    row_count: int
    late_count: int
    rejected_count: int
    bytes: int
    fetched_at: datetime
    """Naive UTC."""
    load_id: str
    filter_hash: str = UNFILTERED
    """The filter with which the day was fetched."""
    previous_row_count: int | None = None
    """The number of its events before this fetch; None for the first one."""
    max_processed_at: datetime | None = None
    """When Mixpanel processed the newest of them, in naive UTC; None if no event has that time."""
    load_number: int = 0
    """The number of its load; 0 for loads of version 0.1.0, which wrote none."""
    seconds: float = 0.0
    """The day's share of the duration of its request."""

    @property
    def newest_arrival(self) -> timedelta | None:
        """How long after the end of the day its newest event arrived; None if it arrived within the
        day."""
        late = (self.max_processed_at or self.range_end) - self.range_end
        return late if late > timedelta(0) else None

    def is_complete(self, filter_hash: str = UNFILTERED) -> bool:
        """Return True if the day had ended when it was fetched with this filter."""
        return self.fetched_at >= self.range_end and self.filter_hash == filter_hash


@dataclass(frozen=True)
class Project:
    """The project of the data, and the zone of its days."""

    project_id: str
    region: str
    zone: str
    wanted_from: date | None
    """The first day that the run of this fetch was to fetch."""
