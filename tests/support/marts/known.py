"""Which days are known, in plain Python: what was fetched, and over when it was fetched."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
Range = tuple[datetime, datetime]
"""A range of time in UTC, naive, its end excluded."""


class Known:
    """What some fetches make known of days in a zone. Each fetch is a range with the time when it was made."""

    def __init__(self, fetches: Iterable[tuple[datetime, datetime, datetime]], zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.ranges: list[Range] = []
        for start, end, made in sorted(fetches):
            until = min(end, made)
            if until <= start:
                continue
            if self.ranges and start <= self.ranges[-1][1]:
                self.ranges[-1] = (self.ranges[-1][0], max(until, self.ranges[-1][1]))
            else:
                self.ranges.append((start, until))

    def start(self, day: date) -> datetime:
        """When the day begins, UTC."""
        midnight = datetime.combine(day, datetime.min.time(), self.zone)
        return midnight.astimezone(UTC).replace(tzinfo=None)

    def day(self, moment: datetime) -> date:
        """The day of a moment in UTC."""
        return moment.replace(tzinfo=UTC).astimezone(self.zone).date()

    def time(self, start: datetime, end: datetime) -> bool:
        """Whether all is known from ``start`` to ``end``."""
        return any(first <= start and end <= last for first, last in self.ranges)

    def days(self, first: date, last: date) -> bool:
        """Whether all is known of the days from ``first`` to ``last``, both included."""
        return self.time(self.start(first), self.start(last + DAY))

    def touches(self, day: date) -> bool:
        """Whether anything is known of the day."""
        return any(
            first < self.start(day + DAY) and self.start(day) < last for first, last in self.ranges
        )

    @property
    def end(self) -> datetime:
        return self.ranges[-1][1]


def of_days(days: Iterable[date], zone: str) -> Known:
    """What days of UTC make known that were fetched long after they were over."""
    starts = [datetime.combine(day, datetime.min.time()) for day in days]
    return Known([(start, start + DAY, start + 2 * DAY) for start in starts], zone)
