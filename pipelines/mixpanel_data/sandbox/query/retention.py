"""GET /retention: the users who return, by the time since birth (docs/definitions.md, section
7)."""

from collections import defaultdict
from typing import Any

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Fact, facts_of
from mixpanel_data.sandbox.query.measures import grouped, top
from mixpanel_data.sandbox.query.returns import Period, births, counts, returns
from mixpanel_data.sandbox.query.units import Unit, wall
from mixpanel_data.sandbox.records import DAY_MS, day_of

_UNITS = (Unit.DAY, Unit.WEEK, Unit.MONTH)
_TYPES = ("birth", "compounded")
_MOST_UNITS = 90  # documented for days only
_NO_UNIT_AND_INTERVAL = "unit and interval both set"
_LIMIT = 255

ByUser = dict[str, list[Fact]]


def retention(project: Project, fields: params.Fields) -> Answer:
    """Return for each interval the users born in it (``first``), and how many returned in each
    bucket.

    Buckets start at the instant of birth, a month being 30 days; an event at that very instant is
    no return. Returns may be after the range. A bucket that no user can have reached by today is
    omitted, so later rows are shorter.
    """
    days = asked.days(project, fields)
    kind = params.choice(fields, "retention_type", _TYPES, "birth")
    period = _period(fields)
    buckets = params.positive(fields, "interval_count", 1) + 1
    unbounded = params.boolean(fields, "unbounded_retention", default=False)
    segments = _returning(project, fields)
    born = _born(project, fields) if kind == "birth" else _everything(project, fields)
    rows = births(days.of(born), period.starts(days), once=kind == "birth")
    today = wall(project.local_today)
    answer: dict[str, Any] = {}
    for start, row in rows.items():
        reached = min(buckets, (today - start) // (period.days * DAY_MS) + 1)
        cells = {
            name: {
                "first": len(row),
                "counts": counts(returns(row, back, period.days), reached, unbounded=unbounded),
            }
            for name, back in segments.items()
        }
        answer[str(day_of(start))] = cells if fields.get("on") else cells[""]
    return answer


def _period(fields: params.Fields) -> Period:
    """Parse ``unit`` or ``interval``, of which the server accepts one; ``interval`` counts days."""
    if fields.get("unit") and fields.get("interval"):
        raise RefusedError(400, _NO_UNIT_AND_INTERVAL)
    unit = asked.unit(fields, _UNITS, Unit.DAY)
    return Period(unit, params.positive(fields, "interval", 1, _MOST_UNITS))


def _born(project: Project, fields: params.Fields) -> list[Fact]:
    """Return the events with which a user can be born."""
    if not fields.get("born_event"):
        raise RefusedError(400, "born_event is required when retention_type is birth")
    facts = facts_of(project).named(fields["born_event"])
    return asked.matching(project, fields, "born_where")(facts)


def _everything(project: Project, fields: params.Fields) -> list[Fact]:
    """Return the events that count as a return: of one name, or all visible ones, if ``where``
    matches."""
    return asked.matching(project, fields)(asked.event_or_all(project, fields))


def _returning(project: Project, fields: params.Fields) -> dict[str, ByUser]:
    """Return each user's returns under the name "", or with ``on`` under its ``limit`` most common
    values."""
    facts = _everything(project, fields)
    if not fields.get("on"):
        return {"": _by_user(facts)}
    limit = params.positive(fields, "limit", _LIMIT, asked.MAX_SEGMENTS)
    groups = top(grouped(facts, asked.segmenting(project, fields["on"])), "unique", limit)
    return {name: _by_user(those) for name, those in groups.items()}


def _by_user(facts: list[Fact]) -> ByUser:
    found: ByUser = defaultdict(list)
    for fact in facts:
        if fact.user is not None:
            found[fact.user].append(fact)
    return found
