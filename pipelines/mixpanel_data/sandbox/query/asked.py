"""Parses the parameters that several reports share."""

from collections.abc import Callable
from datetime import timedelta

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.expressions import EventSubject, parse, parse_value
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query.facts import Days, Fact, facts_of
from mixpanel_data.sandbox.query.measures import TYPES
from mixpanel_data.sandbox.query.segments import segments_of
from mixpanel_data.sandbox.query.units import Unit, wall
from mixpanel_data.sandbox.records import Profile, day_of

MAX_SEGMENTS = 10_000
_RECENT_DAYS = 31
_MOST_UNITS = 10_000  # not a documented limit: it only bounds the response

Segments = Callable[[Fact], list[str]]


def days(project: Project, fields: params.Fields) -> Days:
    """Return ``from_date`` and ``to_date``, in the project's calendar."""
    found = Days(*params.date_range(fields, project.local_today))
    most = project.history_days
    if most is not None and found.first < project.local_today - timedelta(days=most):
        raise RefusedError(403, f"Date range exceeds {most} days into the past")
    return found


def days_or_interval(project: Project, fields: params.Fields, unit: Unit) -> Days:
    """Return the dates, or ``interval`` units of which the current one is the last."""
    if fields.get("from_date") or fields.get("to_date") or not fields.get("interval"):
        return days(project, fields)
    today = project.local_today
    count = params.positive(fields, "interval", 1, _MOST_UNITS)
    return Days(day_of(unit.back(unit.begin(wall(today)), count - 1)), today)


def recent(project: Project) -> Days:
    """Return the last 31 days, including today."""
    today = project.local_today
    return Days(today - timedelta(days=_RECENT_DAYS - 1), today)


def kind(fields: params.Fields, default: str | None = None) -> str:
    """Return ``type``: general, unique or average."""
    return params.choice(fields, "type", TYPES, default)


def unit(fields: params.Fields, allowed: tuple[Unit, ...], default: Unit | None = None) -> Unit:
    """Return ``unit``, one of the allowed ones."""
    return Unit(params.choice(fields, "unit", allowed, default))


def refuse_hourly_uniques(counted: str, per: Unit) -> None:
    """Raise an error for uniques of hours and minutes, which Mixpanel does not have."""
    if counted == "unique" and per.is_below_a_day:
        raise RefusedError(400, f"You cannot get {per} uniques; ask for a unit of at least a day")


def event_or_all(project: Project, fields: params.Fields) -> list[Fact]:
    """Return the facts of ``event``; without it, of all events that Lexicon does not hide."""
    facts = facts_of(project)
    if fields.get("event"):
        return facts.named(fields["event"])
    return facts.visible(project.dataset.saved.hidden_events)


def matching(
    project: Project, fields: params.Fields, name: str = "where"
) -> Callable[[list[Fact]], list[Fact]]:
    """Return a filter by the expression ``where``; it keeps all facts if there is none."""
    return filtering(project, fields.get(name))


def filtering(project: Project, expression: str | None) -> Callable[[list[Fact]], list[Fact]]:
    """Return a filter by an expression."""
    if not expression:
        return lambda facts: facts
    holds = parse(expression)
    return lambda facts: [fact for fact in facts if holds(_subject(project, fact))]


def value_of(project: Project, expression: str) -> Callable[[Fact], object]:
    """Return a function for the value of an expression."""
    evaluate = parse_value(expression)
    return lambda fact: evaluate(_subject(project, fact))


def segmenting(project: Project, expression: str) -> Segments:
    """Return a function for the segments of a fact by an expression: one, or one for each list
    item."""
    value = value_of(project, expression)
    return lambda fact: segments_of(value(fact))


def _subject(project: Project, fact: Fact) -> EventSubject:
    """``user["…"]`` is looked up by the canonical id, and has the current value."""

    def profile(_stated_id: str | int) -> Profile | None:
        return None if fact.user is None else project.dataset.profile(fact.user)

    return EventSubject(fact.name, fact.properties, profile)
