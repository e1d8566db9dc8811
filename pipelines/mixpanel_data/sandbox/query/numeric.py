"""GET /segmentation/numeric, …/sum and …/average: an event by the number in a property."""

import math
import sys
from datetime import UTC, datetime
from typing import TypeGuard

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.expressions.values import is_number
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.buckets import bucketing
from mixpanel_data.sandbox.query.facts import Days, Fact, facts_of
from mixpanel_data.sandbox.query.measures import Number, grouped, per_interval
from mixpanel_data.sandbox.query.tables import table
from mixpanel_data.sandbox.query.units import Unit

_UNITS = (Unit.HOUR, Unit.DAY)


def numeric(project: Project, fields: params.Fields) -> Answer:
    """Return the event in each bucket and interval; values other than numbers are in no bucket."""
    kind = asked.kind(fields, "general")
    unit, days = _unit(fields), asked.days(project, fields)
    asked.refuse_hourly_uniques(kind, unit)
    value_of = asked.value_of(project, params.text(fields, "on"))
    values = [(fact, value_of(fact)) for fact in _facts(project, fields, days)]
    numbers = [(fact, value) for fact, value in values if _is_finite(value)]
    name_of = bucketing([value for _, value in numbers])
    groups: dict[str, list[Fact]] = {}
    for fact, value in sorted(numbers, key=lambda pair: pair[1]):
        groups.setdefault(name_of(value), []).append(fact)
    return table(unit.labels(days), per_interval(groups, kind, unit))


def total(project: Project, fields: params.Fields) -> Answer:
    """Return the sum for each interval, the latest first; values other than numbers add 0."""
    unit, days = _unit(fields), asked.days(project, fields)
    sums = {label: _sum(those) for label, those in _numbers(project, fields, days, unit).items()}
    results = {label: sums.get(label, 0) for label in reversed(unit.labels(days))}
    computed = datetime.fromtimestamp(project.clock(), UTC).isoformat()
    return {"status": "ok", "computed_at": computed, "results": results}


def average(project: Project, fields: params.Fields) -> Answer:
    """Return the mean for each interval with events; values other than numbers count as 0."""
    unit, days = _unit(fields), asked.days(project, fields)
    numbers = _numbers(project, fields, days, unit)
    means = {label: _sum(those) / len(those) for label, those in numbers.items()}
    return {"status": "ok", "results": dict(sorted(means.items()))}


def _unit(fields: params.Fields) -> Unit:
    return asked.unit(fields, _UNITS, Unit.DAY)


def _facts(project: Project, fields: params.Fields, days: Days) -> list[Fact]:
    facts = facts_of(project).named(params.text(fields, "event"))
    return asked.matching(project, fields)(days.of(facts))


def _numbers(
    project: Project, fields: params.Fields, days: Days, unit: Unit
) -> dict[str, list[Number]]:
    """Return the values of each interval, 0 for those that are not numbers (docs/definitions.md,
    section 5)."""
    value_of = asked.value_of(project, params.text(fields, "on"))
    intervals = grouped(_facts(project, fields, days), lambda fact: [unit.label(fact.wall_ms)])
    return {
        label: [value if _is_finite(value) else 0 for value in map(value_of, facts)]
        for label, facts in intervals.items()
    }


def _is_finite(value: object) -> TypeGuard[Number]:
    return is_number(value) and abs(value) <= sys.float_info.max


def _sum(numbers: list[Number]) -> Number:
    """Return the sum, rounded once at the end; the sum of integers is an integer."""
    if all(isinstance(number, int) for number in numbers):
        return sum(numbers)
    return math.fsum(numbers)
