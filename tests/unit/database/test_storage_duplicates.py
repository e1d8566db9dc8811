"""Which events a table has does not depend on how they came: Mixpanel's rule for duplicates, after any fetches."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.database import duplicates
from mixpanel_data._internal.storage import StorageEngine

from .conftest import JANUARY, event, profile, write

Event = dict[str, Any]
BEFORE = "$distinct_id_before_identity"
DAYS = range(4)


def canonical(properties: dict[str, Any]) -> str:
    return json.dumps(properties, separators=(",", ":"))


def by_rule(events: list[Event]) -> Counter[tuple[str, int, str]]:
    """The rows that are to be there, by another way than the one that is tested."""
    kept: dict[object, Event] = {}
    for number, each in enumerate(events):
        properties = each["properties"]
        ingested = properties.get(BEFORE) or properties["distinct_id"]
        insert_id = properties.get("$insert_id")
        key = (each["event"], properties["time"], ingested, insert_id) if insert_id else (number,)
        if key not in kept or is_better(properties, kept[key]["properties"]):
            kept[key] = each
    return Counter(
        (each["event"], each["properties"]["time"], canonical(each["properties"]))
        for each in kept.values()
    )


def is_better(one: dict[str, Any], other: dict[str, Any]) -> bool:
    processed = [properties.get("mp_processing_time_ms") for properties in (one, other)]
    known = [moment if isinstance(moment, int) else -1 for moment in processed]
    if known[0] != known[1]:
        return known[0] > known[1]
    merged = [bool(properties.get(BEFORE)) for properties in (one, other)]
    if merged[0] != merged[1]:
        return merged[0]
    return canonical(one) < canonical(other)


def rows(storage: StorageEngine) -> Counter[tuple[str, int, str]]:
    return Counter(
        storage.execute_rows("SELECT event, epoch_ms(time), properties::VARCHAR FROM events")
    )


@st.composite
def an_event(draw: st.DrawFn) -> Event:
    properties = {
        "time": (JANUARY + 86_400 * draw(st.sampled_from(DAYS)) + draw(st.integers(0, 1))) * 1000,
        "distinct_id": draw(st.sampled_from(["u1", "u2"])),
    }
    optional = {
        "$insert_id": st.sampled_from(["a", "b", ""]),
        "mp_processing_time_ms": st.sampled_from([1, 2, "9e99", "soon", None]),
        BEFORE: st.sampled_from(["u1", "u2"]),
        "n": st.integers(1, 2),
    }
    properties |= draw(st.fixed_dictionaries({}, optional=optional))
    return {"event": draw(st.sampled_from(["A", "B"])), "properties": properties}


def day_of(each: Event) -> int:
    return int((each["properties"]["time"] // 1000 - JANUARY) // 86_400)


histories = st.lists(an_event(), min_size=1, max_size=25)
ranges = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(sorted), min_size=1, max_size=6
)


@settings(max_examples=20, deadline=None)
@given(history=histories, fetches=ranges, slice_=st.sampled_from([1, 3, 200_000]))
def test_any_ranges_in_any_order_store_the_same_rows(history, fetches, slice_):
    expected = by_rule([e for e in history if any(a <= day_of(e) <= b for a, b in fetches)])

    with pytest.MonkeyPatch.context() as patch, StorageEngine.memory() as storage:
        patch.setattr(duplicates, "SLICE", slice_)
        for number, (first, last) in enumerate(fetches):
            came = [each for each in history if first <= day_of(each) <= last]
            stored = storage.create_events_table("events", came, append=number > 0)
            assert stored == by_rule(came).total()

        assert rows(storage) == expected


@settings(max_examples=20, deadline=None)
@given(history=histories, cuts=st.lists(st.integers(0, 25), max_size=4), data=st.data())
def test_events_with_an_insert_id_may_be_split_in_any_way(history, cuts, data):
    history = [each for each in history if each["properties"].get("$insert_id")]
    shuffled = data.draw(st.permutations(history * 2))
    bounds = sorted({0, *cuts, len(shuffled)})

    with StorageEngine.memory() as storage:
        storage.create_events_table("events", [])
        for start, end in pairwise(bounds):
            storage.create_events_table("events", shuffled[start:end], append=True)

        assert rows(storage) == by_rule(history)


def test_three_equal_lines_are_one_event(storage, tmp_path):
    file = write(tmp_path / "a.ndjson", [event(1)] * 3)

    assert storage.create_events_table("events", file) == 1
    assert storage.create_events_table("events", file, append=True) == 1
    assert storage.execute_scalar("SELECT count(*) FROM events") == 1
    assert storage.execute_rows("SELECT row_count FROM _metadata") == [(1,), (1,)]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
@pytest.mark.parametrize("split", [False, True])
def test_the_copy_that_was_processed_last_counts(storage, order, split):
    copies = [
        event(1, plan="none"),
        event(1, plan="late", mp_processing_time_ms=1_767_225_700_000),
        event(1, plan="early", mp_processing_time_ms=1_767_225_600_000),
    ]
    came = [copies[n] for n in order]

    for batch in [[each] for each in came] if split else [came]:
        storage.create_events_table("events", batch, append=bool(storage.list_tables()))

    assert storage.execute_rows("SELECT properties->>'plan' FROM events") == [("late",)]


def test_events_without_an_insert_id_are_as_many_as_one_fetch_has(storage):
    nameless = {"event": "A", "properties": {"time": JANUARY * 1000, "distinct_id": "u"}}
    empty = {"event": "A", "properties": {**nameless["properties"], "$insert_id": ""}}
    came = [nameless, nameless, empty, empty, empty]

    assert storage.create_events_table("events", came) == 5
    assert storage.create_events_table("events", came, append=True) == 5
    assert storage.execute_scalar("SELECT count(*) FROM events") == 5
    storage.create_events_table("events", [*came, nameless], append=True)
    assert storage.execute_scalar("SELECT count(*) FROM events") == 6


@pytest.mark.parametrize("insert_id", ["i", None])
def test_a_user_who_was_merged_between_two_fetches_doubles_nothing(storage, insert_id):
    def seen(**ids: str) -> Event:
        given = {"time": JANUARY * 1000, "$insert_id": insert_id, **ids}
        return {"event": "A", "properties": {k: v for k, v in given.items() if v is not None}}

    before, after = seen(distinct_id="device"), seen(distinct_id="user", **{BEFORE: "device"})

    storage.create_events_table("events", [before])
    storage.create_events_table("events", [after], append=True)
    storage.create_events_table("events", [before], append=True)

    assert storage.execute_rows("SELECT distinct_id FROM events") == [("user",)]


def test_times_that_python_has_no_dates_for(storage):
    far = [event(1, time=-3_000_000_000_000), event(2, time=200_000_000_000_000)]

    for append in (False, True):
        assert storage.create_events_table("events", far, append=append) == 2
    assert storage.execute_scalar("SELECT count(*) FROM events") == 2


def test_copies_that_an_older_version_left_go_with_the_next_fetch_of_their_days(storage):
    storage.create_events_table("events", [event(1), event(2)])
    storage.execute("INSERT INTO events FROM events")
    storage.execute("ALTER TABLE events ADD COLUMN mine INTEGER")

    storage.create_events_table("events", [event(1)], append=True)

    found = storage.execute_rows("SELECT insert_id, count(*) FROM events GROUP BY ALL ORDER BY ALL")
    assert found == [("id 1", 1), ("id 2", 2)]


def test_profiles_are_one_row_for_each_id_in_any_split(storage):
    people = [profile(n % 4, plan=n) for n in range(8)]

    storage.create_profiles_table("whole", people)
    storage.create_profiles_table("parts", people[:3])
    for part in (people[3:4], people[4:], people[4:]):
        storage.create_profiles_table("parts", part, append=True)

    ask = "SELECT distinct_id, properties FROM {} ORDER BY ALL"
    assert storage.execute_rows(ask.format("parts")) == storage.execute_rows(ask.format("whole"))
