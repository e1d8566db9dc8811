"""Decides which days to fetch, and in which requests. Pure: no clock, no disk, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.streams.event_filter import UNFILTERED
from mixpanel_data._internal.streams.windows import (
    FIRST_DAY,
    ONE_DAY,
    Window,
    contiguous,
    require_possible_days,
)

FIRST_GUESS_DAYS = 5
"""Days of the first request while the project's volume is unknown."""

TARGET_BYTES = 64 * 1024 * 1024
"""Compressed bytes that one request should return at most, by the volumes in the ledger."""

LONGEST_WINDOW = 366
"""Days. No limit is documented; a year limits the size of a response and the cost of a failure."""

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
    """The caller gave the first or the last day."""
    refetch: bool = False
    """Fetch complete days, too."""
    lookback: bool = True
    """Refetch recent days for late events. False if the caller gave the last day, so that a
    repeated back-fill requests nothing twice."""


def wanted_range(
    ledger: Ledger,
    *,
    today: date,
    start: date | None = None,
    first: date | None = None,
    last: date | None = None,
    refetch: bool = False,
) -> Range:
    """Return the range of a run: ``first`` and ``last`` if given, else all days up to yesterday.

    All days begin at the configured ``start``, else at the earliest start of earlier runs, else as
    far back as Mixpanel keeps events. Today is included only if requested, since it has not ended.

    Raises:
        ValueError: if the range is empty, ends in the future, or begins before Mixpanel's first
            day.
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
        raise ValueError(f"{end} has not begun: the project's today is {today}")
    if begin > end:
        raise ValueError(f"the first day, {begin}, is after the last, {end}")
    require_possible_days(begin, end)
    is_bounded = first is not None or last is not None
    return Range(begin, end, is_bounded, refetch, lookback=last is None)


def first_recent_day(today: date, days: int) -> date:
    """Return the day that is ``days`` before ``today``, but none that Mixpanel can't have."""
    return today - timedelta(days=min(days, (today - FIRST_DAY).days))


def days_to_fetch(
    wanted: Range,
    ledger: Ledger,
    *,
    today: date,
    lookback_days: int,
    filter_hash: str = UNFILTERED,
) -> list[date]:
    """Return the days that are missing, had not ended when fetched, or are within the look-back.

    A day that was fetched with another filter is missing.
    """
    recent_from = first_recent_day(today, lookback_days)
    days = Window(wanted.first, wanted.last).days()
    return [
        day
        for day in days
        if wanted.refetch
        or (wanted.lookback and day >= recent_from)
        or day not in ledger.days
        or not ledger.days[day].is_complete(filter_hash)
    ]


def plan_windows(
    days: Iterable[date], ledger: Ledger, *, oldest_first: bool = False
) -> list[Window]:
    """Return the requests for ``days``, newest first: few if days are small, one a day if large.

    Volumes are those of the ledger. Where it has none for a time, a request covers at most twice
    the number of known days: a large project is never requested by the year, and an empty one takes
    few requests.
    """
    known = {day: record.bytes for day, record in ledger.days.items()}
    # Planning is written for the newest first; for the oldest first the calendar is mirrored.
    if not oldest_first:
        return _newest_first(days, known)
    windows = _newest_first(map(_mirror, days), {_mirror(day): size for day, size in known.items()})
    return [Window(_mirror(window.last), _mirror(window.first)) for window in windows]


def _mirror(day: date) -> date:
    """Mirror a day at a fixed one, so that the first becomes the last."""
    return date.fromordinal(2 * _PIVOT - day.toordinal())


def _newest_first(days: Iterable[date], known: dict[date, int]) -> list[Window]:
    windows: list[Window] = []
    for run in reversed(contiguous(days)):
        last = run.last
        while last >= run.first:
            # Days of windows planned before this one will be known when it is requested.
            length = min(
                _reach(last, known, len(known) + sum(map(len, windows))),
                (last - run.first).days + 1,
            )
            windows.append(Window(last - ONE_DAY * (length - 1), last))
            last = windows[-1].first - ONE_DAY
    return windows


def _reach(last: date, known: dict[date, int], trusted: int) -> int:
    """Return how many days, counted back from ``last``, one request may have."""
    if not known:
        return min(max(FIRST_GUESS_DAYS, trusted), LONGEST_WINDOW)
    total = 0
    # Unknown days count with the volume of their neighbours, so one window can't become huge.
    guess = _near(last, sorted(known), known)
    for length in range(1, min(LONGEST_WINDOW, max(FIRST_GUESS_DAYS, 2 * trusted)) + 1):
        total += known.get(last - ONE_DAY * (length - 1), guess)
        if total > TARGET_BYTES:
            return max(1, length - 1)
    return length


def _near(day: date, days: Sequence[date], known: dict[date, int]) -> int:
    """Return the expected volume of an unknown day: the largest of the five nearest known ones."""
    nearest = sorted(days, key=lambda other: abs((other - day).days))[:FIRST_GUESS_DAYS]
    return max(known[other] for other in nearest)
