"""Counts facts: in total, by user, or on average a user; overall and for each interval."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from mixpanel_data.sandbox.query.facts import Fact
from mixpanel_data.sandbox.query.units import Unit

Number = int | float
Groups = Mapping[str, list[Fact]]


def total(facts: list[Fact]) -> int:
    """Return the number of events."""
    return len(facts)


def users(facts: list[Fact]) -> int:
    """Return the number of users; events without a user do not count."""
    return len({fact.user for fact in facts if fact.user is not None})


def mean(facts: list[Fact]) -> float:
    """Return the mean number of events of users with any; 0 without users."""
    owned = sum(fact.user is not None for fact in facts)
    return owned / users(facts) if owned else 0.0


TYPES: dict[str, Callable[[list[Fact]], Number]] = {
    "general": total,
    "unique": users,
    "average": mean,
}


def grouped(facts: Iterable[Fact], names: Callable[[Fact], Iterable[str]]) -> dict[str, list[Fact]]:
    """Return the facts by each of their names."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        for name in names(fact):
            groups[name].append(fact)
    return groups


def top(groups: Groups, kind: str, limit: int) -> dict[str, list[Fact]]:
    """Return the groups with the highest counts over the range, at most ``limit``, then by name."""
    measure = TYPES[kind]
    ranked = sorted(groups, key=lambda name: (-measure(groups[name]), name))
    return {name: groups[name] for name in ranked[:limit]}


def per_interval(groups: Groups, kind: str, unit: Unit) -> dict[str, dict[str, Number]]:
    """Return the measure of each group in each interval, without zeros."""
    measure = TYPES[kind]
    values = {}
    for name, facts in groups.items():
        cells = grouped(facts, lambda fact: [unit.label(fact.wall_ms)])
        counted = {label: measure(cells[label]) for label in sorted(cells)}
        values[name] = {label: number for label, number in counted.items() if number}
    return {name: numbers for name, numbers in values.items() if numbers}
