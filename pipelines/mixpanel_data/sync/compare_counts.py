"""Compares old days with Mixpanel's own counts, to find events that arrived or were deleted later.

Refetching all days would cost a request each; one report counts all of them. Reports deduplicate
events by the rule of the published table, so the counts of a correct day are equal.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.sql.events import window_bounds
from mixpanel_data._internal.streams.windows import ONE_DAY, Window
from mixpanel_data._internal.time_zones import Zone, local_date

Counts = Mapping[tuple[date, str], int]
"""The number of events of each name and day, without zeros."""

LONGEST_LIST = 6_000
"""Characters of names in one request: they are part of its URL, and servers commonly accept 8 kB.
"""


@dataclass(frozen=True)
class DayDifference:
    """A day for which Mixpanel counts other events than the published table."""

    day: date
    """In the project's time zone, like in reports."""
    mixpanel: int
    here: int
    events: tuple[str, ...]
    """The names with other counts."""


@dataclass(frozen=True)
class Comparison:
    """The comparison of two counts of the same days."""

    differences: tuple[DayDifference, ...]
    """Oldest first."""
    not_in_reports: tuple[str, ...]
    """Published events that Mixpanel counts on none of the days, such as its own, and those merged
    or renamed in Lexicon, which reports have under the new name only. They are not compared."""


def compare(mixpanel: Counts, here: Counts) -> Comparison:
    """Return the differences. Pure."""
    reported = {event for _, event in mixpanel}
    unknown = sorted({event for _, event in here} - reported)
    differing: dict[date, list[str]] = defaultdict(list)
    for day, event in sorted(mixpanel.keys() | here.keys()):
        if event in reported and mixpanel.get((day, event), 0) != here.get((day, event), 0):
            differing[day].append(event)
    totals = [_total(counts, reported) for counts in (mixpanel, here)]
    return Comparison(
        tuple(
            DayDifference(day, totals[0][day], totals[1][day], tuple(events))
            for day, events in differing.items()
        ),
        tuple(unknown),
    )


def _total(counts: Counts, events: Collection[str]) -> dict[date, int]:
    totals: dict[date, int] = defaultdict(int)
    for (day, event), count in counts.items():
        totals[day] += count if event in events else 0
    return totals


def export_days(day: date, reports: Zone, exports: Zone) -> list[date]:
    """Return the days of the export, in the zone ``exports``, that contain events of a report's
    ``day``."""
    # Two days, if the zones differ: a day in Auckland begins in the middle of a UTC day.
    start, end = window_bounds(Window(day, day), reports)
    last = end - timedelta(microseconds=1)
    return list(Window(local_date(start, exports), local_date(last, exports)).days())


def comparable(ledger: Ledger, window: Window, reports: Zone, exports: Zone) -> list[date]:
    """Return the days of ``window`` that can be compared: complete and unfiltered ones, oldest
    first."""
    complete = {day for day, record in ledger.days.items() if record.is_complete()}
    return [day for day in window.days() if complete.issuperset(export_days(day, reports, exports))]


def default_window(ledger: Ledger, *, today: date, lookback_days: int) -> Window | None:
    """Return the days from the first loaded one to the last before the look-back.

    Return None if there is no such day.
    """
    last = today - timedelta(days=lookback_days) - ONE_DAY
    first = min(ledger.days, default=today)
    return Window(first, last) if first <= last else None


def lists_of(names: Iterable[str]) -> Iterator[list[str]]:
    """Divide the names into as few lists as the URL of a request allows.

    A name that is too long for a URL is left out.
    """
    batch: list[str] = []
    length = 0
    for name in sorted(names):
        # Percent-encoded, as in the URL: a letter outside ASCII takes six characters or more.
        size = len(quote(json.dumps(f"{name}, ", ensure_ascii=False)))
        if size > LONGEST_LIST:
            continue
        if batch and length + size > LONGEST_LIST:
            yield batch
            batch, length = [], 0
        batch.append(name)
        length += size
    if batch:
        yield batch
