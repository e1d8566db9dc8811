"""Births and returns: the arithmetic of retention (docs/definitions.md, section 7)."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mixpanel_data.sandbox.query.facts import Days, Fact
from mixpanel_data.sandbox.query.units import Unit, wall
from mixpanel_data.sandbox.records import DAY_MS

_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30}

Births = dict[int, dict[str, int]]  # by row: each user's instant of birth
Buckets = dict[int, set[str]]  # by bucket: who returned in it


@dataclass(frozen=True)
class Period:
    """The length of rows, in calendar units, and of buckets, in days."""

    unit: Unit
    count: int

    @property
    def days(self) -> int:
        """The length of a bucket; a month has 30 days."""
        return _DAYS[self.unit] * self.count

    def starts(self, days: Days) -> list[int]:
        """Return the wall times at which the rows of a range begin, from the calendar unit of its
        first day."""
        start = self.unit.begin(wall(days.first))
        starts = []
        while start <= wall(days.last):
            starts.append(start)
            start = self.unit.back(start, -self.count)
        return starts


def births(born: Iterable[Fact], starts: list[int], *, once: bool) -> Births:
    """Return the users of each row with their first birth in it; with ``once`` in their first row
    only.

    ``born`` is in order of time, and not before the first row.
    """
    rows: Births = {start: {} for start in starts}
    seen: set[str] = set()
    for fact in born:
        if fact.user is None or (once and fact.user in seen):
            continue
        seen.add(fact.user)
        row = rows[starts[bisect_right(starts, fact.wall_ms) - 1]]
        row.setdefault(fact.user, fact.instant_ms)
    return rows


def returns(row: dict[str, int], back: dict[str, list[Fact]], bucket_days: int) -> Buckets:
    """Return the users of a row by bucket: bucket n begins n times ``bucket_days`` after the
    birth."""
    buckets: Buckets = defaultdict(set)
    for user, instant in row.items():
        for fact in back.get(user, []):
            if fact.instant_ms > instant:
                buckets[(fact.instant_ms - instant) // (bucket_days * DAY_MS)].add(user)
    return buckets


def counts(buckets: Buckets, number: int, *, unbounded: bool) -> list[int]:
    """Return the sizes of the first buckets; unbounded: of users who returned in that bucket or
    later."""
    if not unbounded:
        return [len(buckets.get(each, ())) for each in range(number)]
    since: set[str] = set()
    sizes = []
    for each in reversed(range(number)):
        since |= buckets.get(each, set())
        sizes.append(len(since))
    return sizes[::-1]
