"""GET /events/properties, …/top and …/values: the properties of one event, and their values."""

from collections import Counter

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Fact, facts_of
from mixpanel_data.sandbox.query.measures import grouped, per_interval, top
from mixpanel_data.sandbox.query.segments import NOT_SET, segments_of
from mixpanel_data.sandbox.query.tables import as_asked
from mixpanel_data.sandbox.query.units import Unit

VALUES = 255
_TOP = 10


def property_counts(project: Project, fields: params.Fields) -> Answer:
    """Return the event over time by the value of one property: the most common ones, or
    ``values``."""
    name, unit, kind = (
        params.text(fields, "name"),
        asked.unit(fields, tuple(Unit)),
        asked.kind(fields),
    )
    asked.refuse_hourly_uniques(kind, unit)
    limit = params.positive(fields, "limit", VALUES, asked.MAX_SEGMENTS)
    wanted = params.json_list(fields, "values")
    days = asked.days_or_interval(project, fields, unit)
    facts = days.of(facts_of(project).named(params.text(fields, "event")))
    groups = grouped(facts, lambda fact: segments_of(fact.properties.get(name)))
    if wanted is not None:
        asked_for = {segment for value in wanted for segment in segments_of(value)}
        groups = {segment: those for segment, those in groups.items() if segment in asked_for}
    return as_asked(fields, unit.labels(days), per_interval(top(groups, kind, limit), kind, unit))


def top_properties(project: Project, fields: params.Fields) -> Answer:
    """Return the properties that most events of the last 31 days have; null counts as missing."""
    limit = params.positive(fields, "limit", _TOP)
    counts = Counter(
        name
        for fact in _recent(project, fields)
        for name, value in fact.properties.items()
        if value is not None
    )
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: {"count": counts[name]} for name in ranked[:limit]}


def top_values(project: Project, fields: params.Fields) -> Answer:
    """Return the most common values of a property in the last 31 days, as texts, without missing
    ones."""
    name = params.text(fields, "name")
    limit = params.positive(fields, "limit", VALUES, asked.MAX_SEGMENTS)
    groups = grouped(_recent(project, fields), lambda fact: segments_of(fact.properties.get(name)))
    groups.pop(NOT_SET, None)
    return list(top(groups, "general", limit))


def _recent(project: Project, fields: params.Fields) -> list[Fact]:
    facts = facts_of(project).named(params.text(fields, "event"))
    return asked.recent(project).of(facts)
