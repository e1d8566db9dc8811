"""The probable reason of each difference from Mixpanel's counts.

All functions are pure: what Mixpanel counts, what is published, what former comparisons found and
when the days were fetched decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any, Literal

from mixpanel_data._internal.publication.reconciliations import ReconciliationRow
from mixpanel_data.sync.compare_counts import Counts

Verdict = Literal[
    "late",
    "deleted",
    "still_exported",
    "renamed",
    "hidden",
    "dropped",
    "not_counted",
    "time_basis",
    "sampling",
    "plan",
    "unknown",
]

VERDICTS: dict[str, str] = {
    "late": "events that arrived after the day was fetched; a refetch loads them",
    "deleted": "events that Mixpanel no longer has; a refetch removes them",
    "still_exported": (
        "events that were deleted in Mixpanel and that its export still has, for up to 37 days"
    ),
    "renamed": "events that reports count under another name, after a merge in Lexicon",
    "hidden": "events that are hidden in Lexicon, and that reports do not count",
    "dropped": "events that are dropped in Lexicon, and that reports do not count",
    "not_counted": "events that reports do not count, such as Mixpanel's own",
    "time_basis": "days that begin at another hour: see MP_TIME_BASIS and MP_PROJECT_TIMEZONE",
    "sampling": "reports that estimate from a tenth of the users",
    "plan": "days that are older than the history to which the project's plan gives access",
    "unknown": "a difference that a refetch did not change",
}
"""What each verdict means, in half a sentence."""

REPAIRABLE = frozenset({"late", "deleted"})
"""The verdicts that a refetch of the day can change."""

EXPORTED_AFTER_DELETION = timedelta(days=37)
"""How long exports may have deleted events (docs/mixpanel-facts.md, section 11.8)."""

EXPORT_LAG = timedelta(days=1)
"""An event that reports have may be missing in the export for some time, here a long one (docs/
mixpanel-facts.md, section 11.3)."""

SAMPLED = 10
"""Reports that sample read one user of ten, so their counts are multiples of it."""

ENOUGH_COUNTS = 6
"""The fewest counts that show sampling: one in a million of such lists consists of multiples of
ten by chance."""


@dataclass(frozen=True)
class Judged:
    """A difference and its verdict. ``day`` is None for an event that no day of reports has."""

    day: date | None
    event: str
    mixpanel: int
    here: int
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {
            "day": str(self.day) if self.day else None,
            "event": self.event,
            "mixpanel": self.mixpanel,
            "here": self.here,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Evidence:
    """What the verdicts depend on besides the two counts."""

    now: datetime
    """Naive UTC."""
    other_bases: Sequence[Counts] = ()
    """The published counts, if the time basis, or its zone, were another one."""
    lexicon: Mapping[str, Literal["hidden", "dropped"]] = field(default_factory=dict)
    fetched: Mapping[date, datetime] = field(default_factory=dict)
    """When all of a report's day was fetched last, naive UTC."""
    former: Sequence[ReconciliationRow] = ()
    """Former comparisons, oldest first."""


def judge(days: Sequence[date], mixpanel: Counts, here: Counts, evidence: Evidence) -> list[Judged]:
    """Return the differences of the compared ``days``, oldest first, each with its verdict.

    Events that reports have on none of the days are one difference each, without a day, at the end.
    """
    reported = {event for _, event in mixpanel}
    beyond_plan = _beyond_plan(days, mixpanel)
    cells = {
        (day, event): (mixpanel.get((day, event), 0), here.get((day, event), 0))
        for day, event in mixpanel.keys() | here.keys()
        if event in reported and day not in beyond_plan
    }
    differing = {cell: counts for cell, counts in cells.items() if counts[0] != counts[1]}
    uncounted: dict[str, dict[date, int]] = defaultdict(dict)
    for (day, event), count in here.items():
        if event not in reported and day not in beyond_plan:
            uncounted[event][day] = count
    sampled = _is_sampled(cells.values(), differing)
    shifted = _shifted(cells, differing, evidence.other_bases)
    renamed = _renamed(differing, uncounted)
    seen = _first_seen(evidence.former)

    def verdict(cell: tuple[date, str], counts: tuple[int, int]) -> Verdict:
        if sampled:
            return "sampling"
        if shifted.get(cell) == counts[0]:
            return "time_basis"
        if cell[1] in renamed:
            return "renamed"
        return _of_one_day(counts, seen.get((*cell, *counts)), cell[0], evidence)

    found = [
        *(
            Judged(day, event, 0, n, "plan")
            for (day, event), n in here.items()
            if day in beyond_plan
        ),
        *(Judged(*cell, *counts, verdict(cell, counts)) for cell, counts in differing.items()),
    ]
    found.sort(key=lambda each: (each.day or date.max, each.event))
    for event, by_day in sorted(uncounted.items()):
        reason: Verdict = (
            "renamed" if event in renamed else evidence.lexicon.get(event, "not_counted")
        )
        found.append(Judged(None, event, 0, sum(by_day.values()), reason))
    return found


def _of_one_day(
    counts: tuple[int, int], seen_at: datetime | None, day: date, evidence: Evidence
) -> Verdict:
    """Return the verdict of a difference that its day alone explains."""
    fetched = evidence.fetched.get(day)
    since = fetched - seen_at if fetched and seen_at else timedelta(0)
    if counts[0] > counts[1]:
        # A fetch long after the difference was seen would have got what is only late.
        return "unknown" if since > EXPORT_LAG else "late"
    if since <= timedelta(0):
        return "deleted"
    if since > EXPORTED_AFTER_DELETION:
        return "unknown"
    is_over = seen_at is not None and evidence.now - seen_at > EXPORTED_AFTER_DELETION
    return "deleted" if is_over else "still_exported"


def _beyond_plan(days: Sequence[date], mixpanel: Counts) -> frozenset[date]:
    """Return the first days, on which Mixpanel has nothing at all, if later ones have counts."""
    counted = {day for day, _ in mixpanel}
    return frozenset(takewhile(lambda day: day not in counted, days)) if counted else frozenset()


def _is_sampled(cells: Iterable[tuple[int, int]], differing: Mapping[Any, Any]) -> bool:
    counts = [(there, here) for there, here in cells if there]
    return (
        len(counts) >= ENOUGH_COUNTS
        and 2 * len(differing) > len(counts)
        and all(there % SAMPLED == 0 for there, _ in counts)
        and any(here % SAMPLED for _, here in counts)
    )


def _shifted(
    cells: Mapping[tuple[date, str], tuple[int, int]],
    differing: Mapping[tuple[date, str], tuple[int, int]],
    others: Iterable[Counts],
) -> dict[tuple[date, str], int]:
    """Return the counts of the differing cells in the first other time basis that explains nine of
    ten differences, and leaves fewer; empty if none does."""
    for other in others:
        explained = sum(other.get(cell, 0) == counts[0] for cell, counts in differing.items())
        left = sum(other.get(cell, 0) != counts[0] for cell, counts in cells.items())
        if 10 * explained >= 9 * len(differing) and left < len(differing):
            return {cell: other.get(cell, 0) for cell in differing}
    return {}


def _renamed(
    differing: Mapping[tuple[date, str], tuple[int, int]],
    uncounted: Mapping[str, Mapping[date, int]],
) -> set[str]:
    """Return events that reports lack, and those that reports have just so many more of, each
    day."""
    surplus: dict[str, dict[date, int]] = defaultdict(dict)
    for (day, event), (there, here) in differing.items():
        surplus[event][day] = there - here
    found: set[str] = set()
    for merged, counts in uncounted.items():
        target = next((event for event, more in surplus.items() if more == counts), None)
        if target is not None:
            found |= {merged, target}
    return found


def _first_seen(
    former: Iterable[ReconciliationRow],
) -> dict[tuple[date, str, int, int], datetime]:
    """Return since when each day and event has had the same two counts in every comparison that
    covered the day."""
    since: dict[tuple[date, str], tuple[int, int, datetime]] = {}
    by_time: dict[datetime, list[ReconciliationRow]] = defaultdict(list)
    for row in former:
        by_time[row.compared_at].append(row)
    for moment in sorted(by_time):
        rows = by_time[moment]
        first, last = rows[0].from_date, rows[0].to_date
        now = {
            (row.event_date, row.event): (row.mixpanel_count or 0, row.published_count or 0)
            for row in rows
            if row.event_date and row.event
        }
        for cell in [cell for cell in since if first <= cell[0] <= last and cell not in now]:
            del since[cell]  # it was equal in between
        for cell, counts in now.items():
            known = since.get(cell)
            if known is None or known[:2] != counts:
                since[cell] = (*counts, moment)
    return {(*cell, there, here): moment for cell, (there, here, moment) in since.items()}
