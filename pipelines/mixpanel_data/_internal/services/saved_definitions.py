"""Saved reports of Mixpanel as variables of the models.

Mixpanel's API lists reports and computes them, but does not tell their definitions: neither the
window of a funnel, nor the conditions of its steps, nor the measure of an Insights report. So each
candidate is counted over the published events, and is taken only if its numbers are Mixpanel's, but
for TOLERANCE.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.services.local_funnel import local_funnel
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import ConfigError, QueryError
from mixpanel_data.types import (
    BookmarkInfo,
    FunnelInfo,
    FunnelResult,
    ImportedDefinitions,
    ImportedReport,
)

WINDOWS = (
    (30, "day"),
    *((7, "day"), (14, "day"), (60, "day"), (90, "day"), (1, "day")),
    *((1, "hour"), (30, "minute"), (2, "hour"), (12, "hour"), (10, "minute"), (5, "minute")),
)
"""Windows that a funnel is tried with: that of a new funnel first, then the usual ones."""

TOLERANCE = 0.01
"""A share by which numbers may differ: Mixpanel and the models may see a few users as one or as two
(docs/definitions.md, section 17)."""

DAYS = 30
"""Days of entries that are compared, and days after them for the later steps."""

_CUSTOM = "$custom_event:"
_NO_DEFINITION = "Mixpanel's API does not tell its definition."
_PERIODS = {"day": (1, 1), "week": (7, 7), "month": (28, 31)}


@dataclass
class _Import:
    """The variables and outcomes so far."""

    variables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reports: list[ImportedReport] = field(default_factory=list)

    def add(self, report: tuple[str, int, str], variable: str, note: str, *entries: Any) -> None:
        self.variables.setdefault(variable, []).extend(entries)
        self.reports.append(ImportedReport(*report, variable, note))

    def leave_out(self, report: tuple[str, int, str], reason: str) -> None:
        self.reports.append(ImportedReport(*report, None, reason))


def import_definitions(
    live: LiveQueryService, discovery: DiscoveryService, storage: StorageEngine
) -> ImportedDefinitions:
    """Return the saved reports as variables; see
    :meth:`mixpanel_data.Workspace.import_definitions`."""
    days = _complete_days(storage)
    whole, (first, last) = frozenset(days), _compared(days)
    found = _Import()
    funnels = discovery.funnels()
    for funnel in funnels:
        _import_funnel(found, funnel, live, storage, first, last)
    for report in discovery.bookmarks():
        if report.type == "insights":
            _import_insights(found, report, live, storage, whole)
        elif report.type != "funnels":
            found.leave_out((report.type, report.id, report.name), _NO_DEFINITION)
    for cohort in discovery.cohorts():
        found.leave_out(("cohorts", cohort.id, cohort.name), _NO_DEFINITION)
    return ImportedDefinitions(str(first), str(last), found.variables, found.reports)


def _complete_days(storage: StorageEngine) -> list[date]:
    rows = storage.execute_rows(
        "SELECT event_date FROM days WHERE NOT is_partial ORDER BY event_date"
    )
    days = [day for (day,) in rows]
    if not days:
        raise ConfigError("No complete day is published, so nothing can be compared: `mp sync`.")
    return days


def _compared(days: list[date]) -> tuple[date, date]:
    """Return the days of entries: so many days after them are known that a window has ended."""
    after = min(DAYS, len(days) // 2)
    last = len(days) - 1 - after
    return days[max(0, last - DAYS + 1)], days[last]


def _import_funnel(
    found: _Import,
    funnel: FunnelInfo,
    live: LiveQueryService,
    storage: StorageEngine,
    first: date,
    last: date,
) -> None:
    report = ("funnels", funnel.funnel_id, funnel.name)
    try:
        asked = live.funnel(funnel.funnel_id, first, last)
    except QueryError as error:
        return found.leave_out(report, f"Mixpanel does not compute it: {error}")
    if custom := [step.event for step in asked.steps if step.event in _custom_labels(asked)]:
        reason = f"{', '.join(custom)}: the API does not tell the events of a custom event."
        return found.leave_out(report, reason)
    steps = [step.event for step in asked.steps]
    if len(steps) < 2:
        return found.leave_out(report, "It has fewer than two steps.")
    wanted = [step.count for step in asked.steps]
    if not wanted[-1]:
        return found.leave_out(
            report, f"Nobody converted from {first} to {last}, so that no window can be found."
        )
    counted: dict[tuple[int, str], list[int]] = {}
    try:
        for window in WINDOWS:
            counted[window] = _count(storage, steps, window, first, last)
    except ConfigError as error:
        return found.leave_out(report, str(error))
    distances = {window: _distance(counted[window], wanted) for window in WINDOWS}
    window = min(WINDOWS, key=lambda each: distances[each])
    counts = f"Mixpanel counts {_numbers(wanted)}"
    if distances[window] > TOLERANCE:
        return found.leave_out(
            report,
            f"{counts}; these events give {_numbers(counted[window])} within {_words(window)}. "
            "A step may have a condition, which the API does not tell.",
        )
    entry = {"name": funnel.name, "steps": steps, "window": window[0], "window_unit": window[1]}
    here = "and so do" if not distances[window] else f"and {_numbers(counted[window])} are in"
    same = [each for each in WINDOWS if each != window and counted[each] == counted[window]]
    note = f"{counts}, {here} these events within {' or '.join(map(_words, [window, *same]))}."
    return found.add(report, "funnels", note, entry)


def _custom_labels(asked: FunnelResult) -> set[str]:
    """Return the labels of the steps that are custom events."""
    return {
        str(step.get("step_label") or step.get("event"))
        for step in _raw_steps(asked.raw)
        if step.get("custom_event") or str(step.get("event") or "").startswith(_CUSTOM)
    }


def _raw_steps(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the steps of the response, wherever they are in it."""
    if isinstance(value, dict):
        if "count" in value and ("event" in value or "goal" in value):
            yield value
        for part in value.values():
            yield from _raw_steps(part)
    elif isinstance(value, list):
        for part in value:
            yield from _raw_steps(part)


def _count(
    storage: StorageEngine, steps: list[str], window: tuple[int, str], first: date, last: date
) -> list[int]:
    seconds = {"minute": 60, "hour": 3600, "day": 86400}[window[1]] * window[0]
    counted = local_funnel(
        storage,
        steps,
        by=None,
        window=seconds,
        counting="uniques",
        reentry="default",
        first=first,
        last=last,
        unit=None,
        per=None,
        where=None,
        value=None,
        exclude=(),
        hold_constant=(),
        segment_at=1,
    )
    return [step.reached for step in counted.steps] or [0] * len(steps)


def _distance(counted: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the largest difference, as a share of what is wanted."""
    return max(
        abs(one - other) / max(abs(other), 1) for one, other in zip(counted, wanted, strict=True)
    )


def _share_apart(counted: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the differences of all periods together, as a share of what is wanted."""
    apart = sum(abs(one - other) for one, other in zip(counted, wanted, strict=True))
    return apart / sum(wanted)


def _numbers(counts: list[int]) -> str:
    return ", ".join(map(str, counts))


def _words(window: tuple[int, str]) -> str:
    return f"{window[0]} {window[1]}{'s' if window[0] > 1 else ''}"


def _import_insights(
    found: _Import,
    saved: BookmarkInfo,
    live: LiveQueryService,
    storage: StorageEngine,
    whole: frozenset[date],
) -> None:
    report = ("insights", saved.id, saved.name)
    try:
        asked = live.insights(saved.id)
    except QueryError as error:
        return found.leave_out(report, f"Mixpanel does not compute it: {error}")
    if len(asked.headers) != 1 or not asked.series:
        return found.leave_out(report, "It has a breakdown, or none of its numbers has an event.")
    entries, notes = [], []
    for event, numbers in asked.series.items():
        try:
            unit, periods = _periods(numbers, asked.from_date, asked.to_date)
        except ValueError:
            return found.leave_out(report, "Its numbers are not by day, week or month.")
        known = _known(periods, whole)
        if not any(number for _, _, number in known):
            return found.leave_out(report, f"No complete {unit} of {event} is published.")
        wanted = [number for _, _, number in known]
        counted = [_count_periods(storage, sql, event, known) for _, sql in _MEASURES]
        distances = [_share_apart(each, wanted) for each in counted]
        nearest = distances.index(min(distances))
        if distances[nearest] > TOLERANCE:
            return found.leave_out(
                report,
                f"The numbers of {event} are neither its total, nor its users, nor its mean by "
                "user: it may have a condition or another measure, which the API does not tell.",
            )
        measure = _MEASURES[nearest][0]
        name = saved.name if len(asked.series) == 1 else f"{saved.name}: {event}"
        entries.append({"name": name, "events": [event], **measure, "units": [unit]})
        notes.append(
            f"{' of '.join(measure.values())} of {event} in {len(known)} complete {unit}{'s' if len(known) > 1 else ''}"
            f"{'' if not distances[nearest] else f', {distances[nearest]:.1%} apart'}"
        )
    return found.add(report, "metrics", f"As in Mixpanel: {'; '.join(notes)}.", *entries)


_MEASURES = (
    ({"measure": "total"}, "count(*)"),
    ({"measure": "unique"}, "count(DISTINCT user_id)"),
    ({"measure": "average", "per_user": "total"}, "count(*) / nullif(count(DISTINCT user_id), 0)"),
)
"""Entries of the variable `metrics`, and the same for one event and period."""

_Period = tuple[date, date, float]
"""First day, last day, and number."""


def _periods(numbers: Any, from_date: str | None, to_date: str | None) -> tuple[str, list[_Period]]:
    """Return the unit, and the periods that have ended; the first one may begin before
    ``from_date``, and is counted from there.

    Raises:
        ValueError: if the numbers are by another unit.
    """
    if not isinstance(numbers, dict) or not all(
        isinstance(n, int | float) for n in numbers.values()
    ):
        raise ValueError
    starts = sorted((datetime.fromisoformat(key).date(), value) for key, value in numbers.items())
    steps = {(after - before).days for (before, _), (after, _) in itertools.pairwise(starts)}
    # Zeros are left out, so a step may be several periods: the shortest is the unit.
    shortest = min(steps, default=0)
    unit = next((u for u, (low, high) in _PERIODS.items() if low <= shortest <= high), None)
    if unit is None:
        raise ValueError
    end = datetime.fromisoformat(to_date).date() if to_date else starts[-1][0]
    begin = datetime.fromisoformat(from_date).date() if from_date else starts[0][0]
    ends = ((max(start, begin), _end(start, unit), value) for start, value in starts)
    return unit, [period for period in ends if period[0] <= period[1] <= end]


def _end(start: date, unit: str) -> date:
    if unit == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=_PERIODS[unit][0] - 1)


def _known(periods: list[_Period], whole: frozenset[date]) -> list[_Period]:
    """Return the periods whose days are all published and complete."""

    def days(period: _Period) -> Iterator[date]:
        return (period[0] + timedelta(days=n) for n in range((period[1] - period[0]).days + 1))

    return [period for period in periods if all(day in whole for day in days(period))]


def _count_periods(
    storage: StorageEngine, measure: str, event: str, periods: list[_Period]
) -> list[float]:
    """Return the measure of the event in each period."""
    sql = (
        f"SELECT {measure} FROM events WHERE event = $event AND event_date BETWEEN $first AND $last"
    )
    return [
        float(storage.execute_rows(sql, {"event": event, "first": first, "last": last})[0][0] or 0)
        for first, last, _ in periods
    ]
