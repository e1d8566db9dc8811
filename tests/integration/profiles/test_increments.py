"""Increments: profiles seen since the last read, and no others."""

import shutil
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb

from .conftest import LONG_AGO, ago, seen_now


def test_the_second_read_asks_for_those_seen_since_the_first(people, crowd):
    crowd(3)
    people.read()
    people.pages()

    people.read(profiles_overlap_minutes=30)

    [form] = people.pages()
    [(fetched_at,)] = people.query("SELECT min(fetched_at) FROM mixpanel._metadata")
    since = fetched_at - timedelta(minutes=30)
    assert form["where"] == f'properties["$last_seen"] >= "{since:%Y-%m-%dT%H:%M:%S}"'


def test_each_increment_joins_on_to_the_last_one(people, crowd):
    crowd(3)
    for _ in range(3):
        people.read()

    rows = people.query(
        "SELECT range_start, range_end, fetched_at FROM mixpanel._metadata ORDER BY fetched_at"
    )

    assert rows[0][:2] == (None, None)
    for before, (start, end, fetched_at) in pairwise(rows):
        assert start == before[2] - timedelta(minutes=90)
        assert end == fetched_at


def test_what_was_seen_arrives_and_the_others_stay(people, crowd):
    crowd(5)
    people.has("never seen", n="kept")
    people.read()
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    people.has("newcomer", n="first", **{"$last_seen": seen_now()})

    report = people.read()

    assert people.table() == people.truth()
    assert report.profiles == 7
    assert people.reads() == [(True, 6, 0), (False, 2, None)]
    assert people.history() == [("u1", {"n": 1, "$last_seen": LONG_AGO}, False)]


def test_an_increment_marks_nothing_deleted(people, crowd):
    crowd(5)
    people.has("never seen", n="kept")
    people.read()
    people.loses("u1")
    people.loses("never seen")

    people.read()

    assert people.table().keys() - people.truth().keys() == {"u1", "never seen"}
    assert people.history() == []


def test_what_an_increment_can_not_see_comes_with_the_next_snapshot(people, crowd):
    crowd(5)
    people.has("never seen", n=1)
    people.read()
    people.has("u1", n="silently changed", **{"$last_seen": LONG_AGO})
    people.has("never seen", n=2)
    people.has("silent newcomer")

    people.read()
    between = people.table()
    people.read(full=True)

    assert (between["u1"]["n"], between["never seen"]) == (1, {"n": 1})
    assert people.table() == people.truth()


def test_an_update_that_mixpanel_showed_late_is_within_the_overlap(people, crowd):
    crowd(3)
    people.read()
    people.has("u1", n="late", **{"$last_seen": ago(minutes=80)})

    people.read()

    assert people.table() == people.truth()


def test_seen_again_and_unchanged_is_no_change(people):
    people.has("u1", n=1, **{"$last_seen": seen_now()})
    people.read()

    people.read()

    assert people.reads() == [(True, 1, 0), (False, 1, None)]
    assert people.history() == []


def test_an_increment_without_anybody_is_a_row_with_0(people, crowd):
    crowd(3)
    people.read()

    report = people.read()

    assert (report.failures, report.profiles) == ([], 3)
    assert people.reads() == [(True, 3, 0), (False, 0, None)]


def test_an_increment_never_counts_as_the_unfiltered_read(people, crowd):
    crowd(3)
    people.read()
    snapshot = people.ledger().profiles
    people.read()

    rows = people.query(
        "SELECT filter_hash, snapshot_complete FROM mixpanel._metadata ORDER BY fetched_at"
    )

    assert rows == [("all", True), ("last_seen", False)]
    assert people.ledger().profiles == snapshot


def test_the_ledger_has_the_newest_last_seen(people):
    people.has("u1", **{"$last_seen": "2026-02-03T04:05:06"})
    people.has("u2", **{"$last_seen": "yesterday"})
    people.has("u3")

    people.read()

    assert people.query("SELECT max_processed_at FROM mixpanel._metadata") == [
        (datetime(2026, 2, 3, 4, 5, 6),)
    ]


def test_without_the_dlt_working_folder_it_carries_on_the_same(people, crowd):
    crowd(3)
    people.read()
    shutil.rmtree(people.folder / "dlt")

    people.read()

    assert [complete for complete, _, _ in people.reads()] == [True, False]


def test_promise_2_a_read_whose_load_never_came_to_count_is_made_again(people, crowd):
    crowd(3)
    people.read()
    snapshot = people.ledger().profiles
    people.read()
    with duckdb.connect(str(people.folder / "raw.duckdb")) as connection:
        connection.execute(
            "DELETE FROM mixpanel._dlt_loads WHERE load_id = (SELECT max(load_id) FROM mixpanel._metadata)"
        )
    people.pages()

    people.read()

    [form] = people.pages()
    since = snapshot.fetched_at - timedelta(minutes=90)
    assert form["where"].endswith(f'"{since:%Y-%m-%dT%H:%M:%S}"')
