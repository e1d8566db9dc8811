"""Which days to ask for, in which requests. Pure: no clock, no disk, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.streams.event_filter import UNFILTERED
from mixpanel_data._internal.streams.windows import ONE_DAY, Window, contiguous

FIRST_GUESS_DAYS = 5
"""Days of the first request when nothing is known of the project's volume."""

TARGET_BYTES = 64 * 1024 * 1024
"""Compressed bytes a request should bring at most, as far as the ledger lets us guess."""

LONGEST_WINDOW = 366
"""Days. No limit is documented; a year keeps an answer, and what a failure costs, within bounds."""

HISTORY_YEARS = 5
"""Mixpanel deletes events after two years, in older projects after five [docs/mixpanel-facts.md,
3]."""

_PIVOT = date(2020, 1, 1).toordinal()


@dataclass(frozen=True)
class Range:
    """The days of a run."""

    first: date
    last: date
    is_bounded: bool = False
    """The caller named the first or the last day."""
    refetch: bool = False
    """Fetch complete days again."""
    lookback: bool = True
    """Fetch recent days again for late events. Off where the caller named the last day, so that a
    back-fill that is repeated asks for nothing twice."""


def wanted_range(
    ledger: Ledger,
    *,
    today: date,
    start: date | None = None,
    first: date | None = None,
    last: date | None = None,
    refetch: bool = False,
) -> Range:
    """The range of a run: ``first`` and ``last`` if given, else everything up to yesterday.

    Everything begins at the configured ``start``, else where an earlier run set out from, else as
    far back as Mixpanel keeps events. Today is included only if asked for: it is not over.

    Raises:
        ValueError: the range is empty or ends in the future.
    """
    yesterday = today - ONE_DAY
    begin = (
        first
        or start
        or ledger.wanted_from
        or today.replace(year=today.year - HISTORY_YEARS, day=min(today.day, 28))
    )
    end = last or (yesterday if begin <= yesterday else begin)
    if end > today:
        raise ValueError(f"{end} has not begun yet: the project's today is {today}")
    if begin > end:
        raise ValueError(f"the first day, {begin}, is after the last, {end}")
    is_bounded = first is not None or last is not None
    return Range(begin, end, is_bounded, refetch, lookback=last is None)


def days_to_fetch(
    wanted: Range,
    ledger: Ledger,
    *,
    today: date,
    lookback_days: int,
    filter_hash: str = UNFILTERED,
) -> list[date]:
    """The days of the range that are missing, were not over when fetched, or lie within the
    look-back.

    A day that was fetched with another filter is missing.
    """
    recent_from = today - timedelta(days=lookback_days)
    days = Window(wanted.first, wanted.last).days()
    return [
        day
        for day in days
        if wanted.refetch
        or (wanted.lookback and day >= recent_from)
        or day not in ledger.days
        or not ledger.days[day].is_complete(filter_hash)
    ]


def plan(days: Iterable[date], ledger: Ledger, *, oldest_first: bool = False) -> list[Window]:
    """The requests that bring ``days``: few where days are small, one a day where they are heavy.
    Newest first.

    Volumes come from the ledger. Where it says nothing of the time, a request reaches no further
    than twice what is known: so a large project is never asked for a year at once, and an empty one
    is done in a few requests.
    """
    known = {day: record.bytes for day, record in ledger.days.items()}
    if not oldest_first:
        return _newest_first(days, known)
    windows = _newest_first(map(_mirror, days), {_mirror(day): size for day, size in known.items()})
    return [Window(_mirror(window.last), _mirror(window.first)) for window in windows]


def _mirror(day: date) -> date:
    """The day as far on the other side of a fixed one: what is first becomes last."""
    return date.fromordinal(2 * _PIVOT - day.toordinal())


def _newest_first(days: Iterable[date], known: dict[date, int]) -> list[Window]:
    windows: list[Window] = []
    for run in reversed(contiguous(days)):
        last = run.last
        while last >= run.first:
            length = min(
                _reach(last, known, len(known) + sum(map(len, windows))),
                (last - run.first).days + 1,
            )
            windows.append(Window(last - ONE_DAY * (length - 1), last))
            last = windows[-1].first - ONE_DAY
    return windows


def _reach(last: date, known: dict[date, int], trusted: int) -> int:
    """How many days, counted back from ``last``, one request may hold."""
    if not known:
        return min(max(FIRST_GUESS_DAYS, trusted), LONGEST_WINDOW)
    total = 0
    guess = _near(last, sorted(known), known)
    for length in range(1, min(LONGEST_WINDOW, max(FIRST_GUESS_DAYS, 2 * trusted)) + 1):
        total += known.get(last - ONE_DAY * (length - 1), guess)
        if total > TARGET_BYTES:
            return max(1, length - 1)
    return length


def _near(day: date, days: Sequence[date], known: dict[date, int]) -> int:
    """The volume to expect of a day nobody has seen: the largest of the five nearest that are
    known."""
    nearest = sorted(days, key=lambda other: abs((other - day).days))[:FIRST_GUESS_DAYS]
    return max(known[other] for other in nearest)
