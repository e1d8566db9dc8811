"""Attempts at funnels against plain Python, event by event, on short streams with steps seconds apart.

The seed changes from day to day; ``MP_TEST_SEED`` sets it, to repeat a failure.
"""

import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.marts.conftest import dbt
from support.raw_file import Event, RawFile, at

SEED = int(os.environ["MP_TEST_SEED"])
GRACE = timedelta(seconds=2)
HOUR = timedelta(hours=1)


def funnel(
    counting: str, reentry: str, steps: str, hold: bool, exclude: bool, segment_at: str | int
) -> dict[str, Any]:
    """A definition, named after what it is made of."""
    return {
        "name": f"{counting} {reentry} {steps} {hold} {exclude} {segment_at}",
        "counting": counting,
        "reentry": reentry,
        "steps": list(steps),
        "hold_constant": ["item"] if hold else [],
        "held_value": "first" if segment_at == "first_defined" else "any",
        "segment": "item",
        "segment_at": segment_at,
        "exclude": ["X"] if exclude else [],
        "window": 1,
        "window_unit": "hour",
    }


WAYS = list(itertools.product(("uniques", "totals"), ("default", "optimized"), (False, True)))
PLACES: list[str | int] = [1, "first_defined", "last_defined"]
FUNNELS = [
    *(
        funnel(counting, reentry, "ABC", hold, exclude, segment_at)
        for (counting, reentry, hold), exclude, segment_at in zip(
            WAYS * 2,
            [False] * 8 + [True] * 8,
            itertools.cycle(PLACES),
            strict=False,
        )
    ),
    *(funnel(counting, reentry, "ABA", hold, False, 1) for counting, reentry, hold in WAYS),
]
"""Every way of counting with and without what ends an attempt, and with a step that comes twice."""


@dataclass(frozen=True)
class Step:
    """One event of a user, in the order in which a funnel sees them."""

    place: int
    time: datetime
    name: str
    item: str | None


@dataclass(frozen=True)
class Attempt:
    """What one first step led to, and where it was over: after a place, or after a time."""

    entry: Step
    used: tuple[Step, ...]
    left_place: int | None
    left_at: datetime | None

    @property
    def last(self) -> Step:
        return max(self.used, key=lambda step: step.place)


def attempt(asked: dict[str, Any], own: list[Step], entry: Step, floor: int) -> Attempt:
    """The steps reached from this entry with events after the place ``floor`` only."""
    used = [entry]
    ends = entry.time + HOUR
    for number, name in enumerate(asked["steps"][1:], 1):
        last = max(used, key=lambda step: step.place)
        repeats = name in asked["steps"][:number]
        following = next(
            (
                step
                for step in own
                if step.name == name
                and step.place > floor
                and (step.place > last.place if repeats else step.time >= last.time - GRACE)
                and (
                    not asked["hold_constant"]
                    or (step.item == entry.item and step.item is not None)
                )
            ),
            None,
        )
        if following and following.time > ends:
            following = None
        barrier = next(
            (
                step
                for step in own
                if step.name in asked["exclude"] and step.time > last.time + GRACE
            ),
            None,
        )
        if (
            barrier
            and barrier.time <= ends
            and (not following or barrier.time < following.time - GRACE)
        ):
            return Attempt(entry, tuple(used), barrier.place, None)
        if not following:
            return Attempt(entry, tuple(used), None, ends)
        used.append(following)
    return Attempt(entry, tuple(used), max(step.place for step in used), None)


def one_after_the_other(
    asked: dict[str, Any], own: list[Step], entries: list[Step]
) -> Iterator[Attempt]:
    former: Attempt | None = None
    for entry in entries:
        if former and (
            entry.place <= former.left_place
            if former.left_place is not None
            else former.left_at is not None and entry.time <= former.left_at
        ):
            continue
        tried = attempt(asked, own, entry, 0)
        if former and min(step.place for step in tried.used) <= former.last.place:
            tried = attempt(asked, own, entry, entry.place)
        yield tried
        former = tried


def each_afresh(asked: dict[str, Any], own: list[Step], entries: list[Step]) -> Iterator[Attempt]:
    first = {entry: attempt(asked, own, entry, 0) for entry in entries}
    for number, entry in enumerate(entries):
        taken = {step for earlier in entries[:number] for step in first[earlier].used}
        before = {step for step in first[entry].used if step.place < entry.place}
        tried = attempt(asked, own, entry, entry.place) if taken & before else first[entry]
        alike = [
            later
            for later in entries[number + 1 :]
            if not asked["hold_constant"] or later.item == entry.item
        ]
        second = max(step.place for step in tried.used[:2]) if len(tried.used) > 1 else 0
        if not (alike and alike[0].place < second):
            yield tried


def label(asked: dict[str, Any], one: Attempt) -> str:
    items = [step.item for step in one.used]
    if asked["segment_at"] == 1:
        return items[0] or "(not set)"
    defined = [item for item in items if item]
    if not defined:
        return "(not set)"
    return defined[0] if asked["segment_at"] == "first_defined" else defined[-1]


def rows(asked: dict[str, Any], own: list[Step]) -> Iterator[tuple[str | None, datetime, int]]:
    """What counts: over all, then by segment."""
    walk = one_after_the_other if asked["reentry"] == "default" else each_afresh
    entries = [step for step in own if step.name == "A"]
    over_all = list(walk(asked, own, entries))
    lanes: dict[str | None, list[Attempt]] = defaultdict(list)
    if asked["hold_constant"]:
        for item in {entry.item for entry in entries}:
            lanes[item] = list(walk(asked, own, [e for e in entries if e.item == item]))
    by_label: dict[str, list[Attempt]] = defaultdict(list)
    for one in itertools.chain(*lanes.values()) if asked["hold_constant"] else over_all:
        by_label[label(asked, one)].append(one)
    of_first = asked["hold_constant"] and asked["held_value"] == "first"
    if of_first and (asked["counting"], asked["reentry"]) == ("uniques", "optimized"):
        over_all = [one for one in over_all if one.entry.item == entries[0].item]
    for segment, several in [(None, over_all), *by_label.items()]:
        several = sorted(several, key=lambda one: one.entry.place)
        if asked["counting"] == "uniques":
            if asked["reentry"] == "optimized":
                several = sorted(several, key=lambda one: -len(one.used))
            several = several[:1]
        for one in several:
            yield segment, one.entry.time, len(one.used)


def streams() -> dict[str, list[tuple[datetime, str, str | None]]]:
    """Short streams of many users, with several events in a second."""
    chance = random.Random(SEED)
    made = {}
    for number in range(200):
        time = at("2026-01-01 10:00")
        stream = []
        for _ in range(chance.randrange(2, 9)):
            time += timedelta(seconds=chance.choice([0, 1, 1, 2, 2, 3, 600, 3600, 3601]))
            stream.append((time, chance.choice("AABBCX"), chance.choice(["x", "x", "y", None])))
        made[f"u{number}"] = stream
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("funnels")
    (folder / "build").mkdir()
    raw = RawFile(folder / "raw.duckdb")
    raw.load(
        {
            at("2026-01-01").date(): [
                Event(time, name, user, f"{user}-{place}", {"item": item})
                for user, stream in streams().items()
                for place, (time, name, item) in enumerate(stream)
            ]
        }
    )
    settings = {
        "event_properties": [{"name": "item", "alias": "item", "type": "string"}],
        "funnels": FUNNELS,
    }
    done = dbt(folder, "run", "--select", "+funnel_attempts", "+sessions", settings=settings)
    assert done.returncode == 0, done.stdout
    return folder / "build" / "dbt.duckdb"


def test_attempts_are_those_of_a_walk_through_the_events(built: Path) -> None:
    with duckdb.connect(built, read_only=True) as db:
        keys = dict(db.execute("select insert_id, event_key::varchar from events").fetchall())
        found: dict[tuple[str, str], Counter[tuple[Any, ...]]] = defaultdict(Counter)
        for name, user, *row in db.execute(
            "select funnel, user_id, segment, entered_at, steps_reached from funnel_attempts"
        ).fetchall():
            found[name, user][tuple(row)] += 1

    others = []
    for asked in FUNNELS:
        for user, stream in streams().items():
            known = {*asked["steps"], *asked["exclude"]}
            seen = sorted(
                (
                    time,
                    asked["steps"].index(name) if name in asked["steps"] else 9,
                    key,
                    name,
                    item,
                )
                for place, (time, name, item) in enumerate(stream)
                if name in known
                for key in [keys[f"{user}-{place}"]]
            )
            own = [Step(n, s[0], s[3], s[4]) for n, s in enumerate(seen, 1)]
            wanted = Counter(rows(asked, own))
            if found[asked["name"], user] != wanted:
                others.append((asked["name"], own, found[asked["name"], user], wanted))
    assert not others, f"{len(others)} differ, MP_TEST_SEED={SEED}; the first: {others[0]}"
