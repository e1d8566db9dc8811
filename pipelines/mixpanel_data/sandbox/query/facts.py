"""The events as reports use them: deduplicated, with their user and the time in the project's
zone."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from mixpanel_data.sandbox.dataset import Revision
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query.deduplication import Parsed, arrival, deduplicated
from mixpanel_data.sandbox.query.identity import device_owners, stated_id
from mixpanel_data.sandbox.query.zone import clock
from mixpanel_data.sandbox.records import DAY_MS, Event, day_of


class Fact(NamedTuple):
    """One event that counts."""

    name: str
    instant_ms: int  # since 1970; for durations
    wall_ms: int  # the project's wall-clock time, milliseconds since 1970; for calendar days
    user: str | None  # the canonical id; None belongs to no user
    properties: dict[str, Any]

    @property
    def day(self) -> date:
        """The day in the project's time zone."""
        return day_of(self.wall_ms)


class Days(NamedTuple):
    """Days of the project's calendar, both included."""

    first: date
    last: date

    def of(self, facts: Iterable[Fact]) -> list[Fact]:
        """Return the facts of these days."""
        begin = (self.first - date(1970, 1, 1)).days * DAY_MS
        end = ((self.last - date(1970, 1, 1)).days + 1) * DAY_MS
        return [fact for fact in facts if begin <= fact.wall_ms < end]


class Facts:
    """All facts, in order of time."""

    def __init__(self, facts: list[Fact]) -> None:
        self.all = facts
        self._by_name: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._by_name[fact.name].append(fact)

    def named(self, name: str) -> list[Fact]:
        """Return the facts of one event name, in order of time."""
        return self._by_name.get(name, [])

    def any_of(self, names: Iterable[str]) -> list[Fact]:
        """Return the facts of several event names, in order of time."""
        wanted = [fact for name in dict.fromkeys(names) for fact in self.named(name)]
        return sorted(wanted, key=_in_time)

    def visible(self, hidden: set[str]) -> list[Fact]:
        """Return all events, as reports define it: without those hidden in Lexicon."""
        return [fact for fact in self.all if fact.name not in hidden]


_known: WeakKeyDictionary[Revision, dict[tuple[str, str, str], Facts]] = WeakKeyDictionary()
_lock = threading.Lock()


def facts_of(project: Project) -> Facts:
    """Return the facts of the current data set; computed once for each revision and calendar.

    Raw lines and days in files are not included.
    """
    merged = dict(project.dataset.saved.merged_events)
    key = (project.timezone, project.time_basis, repr(sorted(merged.items())))
    with _lock:
        revision, events = project.dataset.contents()
        made = _known.setdefault(revision, {})
        if key not in made:
            made[key] = _make(events, project.timezone, project.time_basis, merged)
        return made[key]


def _make(events: list[Event], timezone: str, time_basis: str, merged: Mapping[str, str]) -> Facts:
    kept = deduplicated((event, event.properties) for event in events)
    owners = device_owners(properties for _, properties in sorted(kept, key=arrival))
    times = clock(timezone, time_basis)
    facts = (_fact(each, owners, *times(each[0].time_ms)) for each in kept)
    shown = (fact._replace(name=merged.get(fact.name, fact.name)) for fact in facts)
    return Facts(sorted(shown, key=_in_time))


def _fact(parsed: Parsed, owners: dict[str, str], instant_ms: int, wall_ms: int) -> Fact:
    event, properties = parsed
    stated = stated_id(properties)
    user = None if stated is None else owners.get(stated, stated)
    return Fact(event.name, instant_ms, wall_ms, user, properties)


def _in_time(fact: Fact) -> int:
    return fact.instant_ms
