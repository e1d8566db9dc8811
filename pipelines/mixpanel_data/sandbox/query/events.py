"""GET /events, /events/top and /events/names: counts of events."""

from datetime import timedelta
from typing import Any
from zlib import crc32

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Days, Fact, facts_of
from mixpanel_data.sandbox.query.measures import TYPES, Groups, grouped, per_interval, top
from mixpanel_data.sandbox.query.tables import as_asked
from mixpanel_data.sandbox.query.units import Unit

NAMES = 255
MOST_NAMES = 5_000
SAMPLED = 10
"""A report that samples reads the data of one user of ten."""
_TOP = 100


def events(project: Project, fields: params.Fields) -> Answer:
    """Return the named events over time, without zeros."""
    names = params.json_list(fields, "event")
    if names is None:
        raise RefusedError(400, "event is required")
    kind = asked.kind(fields)
    unit = asked.unit(fields, tuple(Unit))
    asked.refuse_hourly_uniques(kind, unit)
    days = asked.days_or_interval(project, fields, unit)
    facts = facts_of(project)
    groups = {str(name): days.of(facts.named(str(name))) for name in names}
    if not project.hidden_counted:
        groups = {n: g for n, g in groups.items() if n not in project.dataset.saved.hidden_events}
    if project.sampled:
        groups = {name: _sample(found) for name, found in groups.items()}
    return as_asked(fields, unit.labels(days), per_interval(groups, kind, unit))


def names(project: Project, fields: params.Fields) -> Answer:
    """Return the names of the last 31 days, or of the given dates, the most common first.

    A limit above 5,000 counts as 5,000.
    """
    kind = asked.kind(fields)
    limit = min(params.positive(fields, "limit", NAMES), MOST_NAMES)
    dated = fields.get("from_date") or fields.get("to_date")
    days = asked.days(project, fields) if dated else asked.recent(project)
    return list(top(_by_name(project, days), kind, limit))


def top_events(project: Project, fields: params.Fields) -> Answer:
    """Return today's events, the most common first, with the change from yesterday.

    ``percent_change`` is (today - yesterday) / yesterday, and 1 without a yesterday; how Mixpanel
    accounts for the rest of today is not documented. ``amount`` is an integer, so averages are
    rounded.
    """
    kind = asked.kind(fields)
    limit = params.positive(fields, "limit", _TOP)
    today = project.local_today
    yesterday = today - timedelta(days=1)
    before = _by_name(project, Days(yesterday, yesterday))
    ranked = top(_by_name(project, Days(today, today)), kind, limit)
    measure = TYPES[kind]
    rows = [
        _row(name, measure(facts), measure(before.get(name, []))) for name, facts in ranked.items()
    ]
    return {"type": kind, "events": rows}


def _sample(facts: list[Fact]) -> list[Fact]:
    """Return the events of a tenth of the users, each ten times, as an estimate of all."""
    chosen = [fact for fact in facts if crc32(str(fact.user).encode()) % SAMPLED == 0]
    return [fact for fact in chosen for _ in range(SAMPLED)]


def _row(name: str, now: float, then: float) -> dict[str, Any]:
    change = (now - then) / then if then else 1.0
    return {"event": name, "amount": round(now), "percent_change": change}


def _by_name(project: Project, days: Days) -> Groups:
    return grouped(days.of(facts_of(project).all), lambda fact: [fact.name])
