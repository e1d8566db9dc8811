"""GET /segmentation: one event over time, in total or by the values of an expression."""

from datetime import timedelta

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Days, Fact, facts_of
from mixpanel_data.sandbox.query.measures import TYPES, grouped, per_interval, top
from mixpanel_data.sandbox.query.tables import Values, as_asked
from mixpanel_data.sandbox.query.units import Unit

_DEFAULT_LIMIT = 60
_UNITS = (Unit.MINUTE, Unit.HOUR, Unit.DAY, Unit.MONTH)
_NO_UNIT_AND_INTERVAL = "Specify either unit or interval"
_ONLY_DAYS = "interval can only be used when type is not general"


def segmentation(project: Project, fields: params.Fields) -> Answer:
    """Return numbers for each segment and interval, without zeros. Weeks don't exist (the OpenAPI
    file)."""
    event = params.text(fields, "event")
    kind = asked.kind(fields, "general")
    unit = asked.unit(fields, _UNITS, Unit.DAY)
    asked.refuse_hourly_uniques(kind, unit)
    interval = _interval(fields, kind)
    days = _days(project, fields, interval)
    facts = asked.matching(project, fields)(days.of(facts_of(project).named(event)))
    groups = {event: facts}
    if fields.get("on"):
        limit = params.positive(fields, "limit", _DEFAULT_LIMIT, asked.MAX_SEGMENTS)
        groups = top(grouped(facts, asked.segmenting(project, fields["on"])), kind, limit)
    if interval is None:
        return as_asked(fields, unit.labels(days), per_interval(groups, kind, unit))
    return as_asked(fields, _starts(days, interval), _per_run(groups, kind, days, interval))


def _interval(fields: params.Fields, kind: str) -> int | None:
    """Return ``interval``, the days a number covers; it replaces ``unit`` for types other than
    general (the OpenAPI file)."""
    if not fields.get("interval"):
        return None
    if fields.get("unit"):
        raise RefusedError(400, _NO_UNIT_AND_INTERVAL)
    if kind == "general":
        raise RefusedError(400, _ONLY_DAYS)
    return params.positive(fields, "interval", 1)


def _days(project: Project, fields: params.Fields, interval: int | None) -> Days:
    """Return the dates; with ``interval`` they are optional, and default to that many recent
    days."""
    if interval is None or fields.get("from_date") or fields.get("to_date"):
        return asked.days(project, fields)
    return asked.days_or_interval(project, fields, Unit.DAY)


def _starts(days: Days, interval: int) -> list[str]:
    count = (days.last - days.first).days // interval + 1
    return [str(days.first + timedelta(days=interval * number)) for number in range(count)]


def _per_run(groups: dict[str, list[Fact]], kind: str, days: Days, interval: int) -> Values:
    """Return the measure over runs of ``interval`` days, from the first day of the range."""
    starts = _starts(days, interval)

    def start(fact: Fact) -> list[str]:
        return [starts[(fact.day - days.first).days // interval]]

    values = {}
    for name, facts in groups.items():
        runs = grouped(facts, start)
        values[name] = {each: TYPES[kind](runs[each]) for each in starts if each in runs}
    return {name: numbers for name, numbers in values.items() if numbers}
