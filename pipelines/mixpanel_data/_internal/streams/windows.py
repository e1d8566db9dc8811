"""Ranges of whole days, the unit in which events are fetched, replaced and recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


FIRST_DAY = date(1971, 1, 1)
"""Mixpanel refuses older events [docs/mixpanel-facts.md, 10]."""

_LAST_DAY = date(2199, 12, 31)
"""Later days are in the future on any clock; calculations with days may leave Python's calendar."""


def require_possible_days(first: date, last: date) -> None:
    """Raise ValueError if Mixpanel can't have events of these days."""
    if first < FIRST_DAY:
        raise ValueError(f"{first} is before {FIRST_DAY}, the first day that Mixpanel accepts")
    if last > _LAST_DAY:
        raise ValueError(f"{last} has not begun yet")


@dataclass(frozen=True, order=True)
class Window:
    """The days ``first`` to ``last``, both included, like Mixpanel's ``from_date`` and
    ``to_date``."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"{self.first} is after {self.last}")

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def days(self) -> Iterator[date]:
        """Yield each day, oldest first."""
        return (self.first + ONE_DAY * n for n in range(len(self)))


def contiguous(days: Iterable[date]) -> list[Window]:
    """Return the fewest windows with exactly ``days``, oldest first."""
    runs: list[Window] = []
    for day in sorted(set(days)):
        if runs and runs[-1].last + ONE_DAY == day:
            runs[-1] = Window(runs[-1].first, day)
        else:
            runs.append(Window(day, day))
    return runs
