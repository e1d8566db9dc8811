"""GET /funnels and /funnels/list: the saved funnels, computed from the events."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.attempts import Attempt, attempts
from mixpanel_data.sandbox.query.conversions import result
from mixpanel_data.sandbox.query.facts import Days, Fact, facts_of
from mixpanel_data.sandbox.records import DAY_MS
from mixpanel_data.sandbox.saved import Funnel

OVERALL = "$overall"
LONGEST_DAYS = 90
_LIMIT = 255
_LENGTHS_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": DAY_MS}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 30}

Segments = dict[str, list[Attempt]]


def list_funnels(project: Project, _fields: params.Fields) -> Answer:
    """Return ids and names."""
    saved = project.dataset.saved.funnels
    return [{"funnel_id": funnel.id, "name": funnel.name} for funnel in saved]


def funnels(project: Project, fields: params.Fields) -> Answer:
    """Return one funnel over the range, by the day of entry.

    Each user enters once, with the first step 1 of the range; later steps may be after the range.
    ``where`` filters the events. With ``on`` (the value at step 1) a user counts once in each
    segment; each date then has the segments and ``$overall``, a form that is not documented. If
    there are several dates, ``$overall`` is beside them, too, as it may be at Mixpanel
    (docs/mixpanel-facts.md, section 7.2).
    """
    funnel = _funnel(project, fields)
    days, span, window_ms = asked.days(project, fields), _span(fields), _window_ms(funnel, fields)
    found = list(_attempts(project, fields, funnel, window_ms, days))
    segments = _once_each(found, lambda _: [OVERALL])
    if fields.get("on"):
        limit = params.positive(fields, "limit", _LIMIT, asked.MAX_SEGMENTS)
        values = _once_each(found, asked.segmenting(project, fields["on"]))
        ranked = sorted(values, key=lambda name: (-len(values[name]), name))
        segments |= {name: values[name] for name in ranked[:limit]}
    return _answer(funnel, segments, _starts(days, span), span, segmented=bool(fields.get("on")))


def _funnel(project: Project, fields: params.Fields) -> Funnel:
    params.text(fields, "funnel_id")
    wanted = params.integer(fields, "funnel_id")
    for funnel in project.dataset.saved.funnels:
        if funnel.id == wanted:
            return funnel
    raise RefusedError(404, f"funnel {wanted} does not exist")


def _span(fields: params.Fields) -> int:
    """Return the days that a date of the response covers; ``unit`` is an alternative (a month:
    30)."""
    if fields.get("unit"):
        return _UNIT_DAYS[params.choice(fields, "unit", _UNIT_DAYS)]
    return params.positive(fields, "interval", 1)


def _window_ms(funnel: Funnel, fields: params.Fields) -> int:
    unit = params.choice(fields, "length_unit", _LENGTHS_MS, funnel.length_unit)
    window_ms = params.positive(fields, "length", funnel.length) * _LENGTHS_MS[unit]
    if window_ms > LONGEST_DAYS * DAY_MS:
        raise RefusedError(400, f"length cannot be over {LONGEST_DAYS} days")
    return window_ms


def _attempts(
    project: Project, fields: params.Fields, funnel: Funnel, window_ms: int, days: Days
) -> Iterator[Attempt]:
    """Yield the attempts of all users that were entered on one of the days."""
    facts = facts_of(project)
    by_user: dict[str, list[list[Fact]]] = defaultdict(lambda: [[] for _ in funnel.steps])
    for number, step in enumerate(funnel.steps):
        those = facts.any_of(step.events)
        those = days.of(those) if number == 0 else those
        those = asked.filtering(project, step.where)(asked.matching(project, fields)(those))
        for fact in those:
            if fact.user is not None:
                by_user[fact.user][number].append(fact)
    for steps in by_user.values():
        yield from attempts(steps, window_ms)


def _once_each(found: list[Attempt], segments_of: asked.Segments) -> Segments:
    """Return each user's first attempt in each segment."""
    firsts: dict[str, dict[str | None, Attempt]] = defaultdict(dict)
    for attempt in found:
        for name in segments_of(attempt.entry):
            firsts[name].setdefault(attempt.entry.user, attempt)
    return {name: list(users.values()) for name, users in firsts.items()}


def _starts(days: Days, span: int) -> list[date]:
    count = (days.last - days.first).days // span + 1
    return [days.first + timedelta(days=span * number) for number in range(count)]


def _answer(
    funnel: Funnel, segments: Segments, starts: list[date], span: int, *, segmented: bool
) -> dict[str, Any]:
    """Return the response for each date, and for all of them together."""
    parts: dict[str, Segments] = {str(start): {} for start in starts}
    for name, found in segments.items():
        for attempt in found:
            start = starts[(attempt.entry.day - starts[0]).days // span]
            parts[str(start)].setdefault(name, []).append(attempt)
    if len(starts) > 1:
        parts[OVERALL] = segments
    names = list(segments) if segmented else [OVERALL]
    data = {
        label: {name: result(funnel, part.get(name, [])) for name in names}
        for label, part in parts.items()
    }
    if not segmented:
        data = {label: those[OVERALL] for label, those in data.items()}
    return {"meta": {"dates": [str(start) for start in starts]}, "data": data}
