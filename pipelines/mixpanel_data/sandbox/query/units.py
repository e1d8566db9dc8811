"""Hours, days, weeks and months of the project's calendar. Wall times are milliseconds since
1970."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.query.facts import Days
from mixpanel_data.sandbox.records import DAY_MS, day_of

_EPOCH = date(1970, 1, 1)
_TO_MONDAY = 3  # 1 January 1970 was a Thursday
_MOST = 100_000  # intervals of an answer; no documented limit, it only keeps one from growing without end
_FIXED = {"minute": 60_000, "hour": 3_600_000, "day": DAY_MS}


class Unit(StrEnum):
    """The units of reports."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def is_below_a_day(self) -> bool:
        """True for hours and minutes, which have no uniques."""
        return self in (Unit.MINUTE, Unit.HOUR)

    def begin(self, wall_ms: int) -> int:
        """Return the start of the interval with ``wall_ms``. Weeks start on Monday."""
        if self in _FIXED:
            return wall_ms - wall_ms % _FIXED[self]
        day = wall_ms // DAY_MS
        first = day - (day + _TO_MONDAY) % 7 if self is Unit.WEEK else _month(day)
        return first * DAY_MS

    def back(self, begin_ms: int, count: int) -> int:
        """Return the start ``count`` intervals before one that starts at ``begin_ms``, or after, if
        negative."""
        if self is Unit.MONTH:
            first = day_of(begin_ms)
            months = first.year * 12 + first.month - 1 - count
            return wall(date(months // 12, months % 12 + 1, 1))
        return begin_ms - count * (7 * DAY_MS if self is Unit.WEEK else _FIXED[self])

    def label(self, wall_ms: int) -> str:
        """Return the label of the interval with ``wall_ms``: its first day, or second if below a
        day."""
        return _label(self.begin(wall_ms), whole_days=not self.is_below_a_day)

    def bounds(self, days: Days) -> list[int]:
        """Return the starts of all intervals that overlap ``days``, in order, and the end of the
        last one."""
        bounds, end = [self.begin(wall(days.first))], wall(days.last) + DAY_MS
        while bounds[-1] < end:
            bounds.append(self.back(bounds[-1], -1))
            if len(bounds) > _MOST:
                raise RefusedError(400, f"The dates hold more than {_MOST} of the unit {self}")
        return bounds

    def labels(self, days: Days) -> list[str]:
        """Return the labels of all intervals that overlap ``days``, in order."""
        return [self.label(begin) for begin in self.bounds(days)[:-1]]


def wall(day: date) -> int:
    """Return the wall time at which a day begins."""
    return (day - _EPOCH).days * DAY_MS


@lru_cache(maxsize=10_000)
def _month(day: int) -> int:
    return (day_of(day * DAY_MS).replace(day=1) - _EPOCH).days


@lru_cache(maxsize=100_000)
def _label(begin_ms: int, *, whole_days: bool) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=begin_ms)
    return moment.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%d %H:%M:%S")
