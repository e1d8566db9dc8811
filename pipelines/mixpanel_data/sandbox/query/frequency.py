"""GET /retention/addiction: on how many days or in how many hours users are active
(docs/definitions.md, section 8)."""

from collections import Counter, defaultdict
from itertools import accumulate, pairwise

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Days, Fact
from mixpanel_data.sandbox.query.measures import grouped, top
from mixpanel_data.sandbox.query.units import Unit
from mixpanel_data.sandbox.records import DAY_MS

_UNITS = (Unit.DAY, Unit.WEEK, Unit.MONTH)
_PARTS_MS = {Unit.HOUR: 3_600_000, Unit.DAY: DAY_MS}
_LIMIT = 255


def frequency(project: Project, fields: params.Fields) -> Answer:
    """Return for each interval the users active in at least 1, 2, 3 … of its hours or days.

    Hours and days are those of the calendar. With ``on`` each date has segments of such arrays, a
    form that is not documented.
    """
    days = asked.days(project, fields)
    unit = asked.unit(fields, _UNITS)
    part = Unit(params.choice(fields, "addiction_unit", _PARTS_MS))
    facts = asked.matching(project, fields)(days.of(asked.event_or_all(project, fields)))
    if not fields.get("on"):
        return {"data": _arrays(facts, days, unit, part)}
    limit = params.positive(fields, "limit", _LIMIT, asked.MAX_SEGMENTS)
    segments = top(grouped(facts, asked.segmenting(project, fields["on"])), "unique", limit)
    columns = {name: _arrays(those, days, unit, part) for name, those in segments.items()}
    labels = unit.labels(days)
    return {"data": {each: {name: columns[name][each] for name in columns} for each in labels}}


def _arrays(facts: list[Fact], days: Days, unit: Unit, part: Unit) -> dict[str, list[int]]:
    intervals = grouped(facts, lambda fact: [unit.label(fact.wall_ms)])
    return {
        unit.label(start): _at_least(
            intervals.get(unit.label(start), []), part, (end - start) // _PARTS_MS[part]
        )
        for start, end in pairwise(unit.bounds(days))
    }


def _at_least(facts: list[Fact], part: Unit, most: int) -> list[int]:
    """Return how many users have events in at least 1, 2, … ``most`` different parts."""
    parts: dict[str, set[int]] = defaultdict(set)
    for fact in facts:
        if fact.user is not None:
            parts[fact.user].add(part.begin(fact.wall_ms))
    exactly = Counter(map(len, parts.values()))
    return list(accumulate(exactly[number] for number in range(most, 0, -1)))[::-1]
