"""Increments: profiles seen since the last read, and no others."""

import shutil
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb
from support.project import LONG_AGO, ago, seen_now


def test_the_second_read_asks_for_those_seen_since_the_first(project, crowd):
    crowd(3)
    project.read_profiles()
    project.engage_forms()

    project.read_profiles(profiles_overlap_minutes=30)

    [form] = project.engage_forms()
    [(fetched_at,)] = project.query("SELECT min(fetched_at) FROM mixpanel._metadata")
    since = fetched_at - timedelta(minutes=30)
    assert form["where"] == f'properties["$last_seen"] >= "{since:%Y-%m-%dT%H:%M:%S}"'


def test_each_increment_joins_on_to_the_last_one(project, crowd):
    crowd(3)
    for _ in range(3):
        project.read_profiles()

    rows = project.query(
        "SELECT range_start, range_end, fetched_at FROM mixpanel._metadata ORDER BY fetched_at"
    )

    assert rows[0][:2] == (None, None)
    for before, (start, end, fetched_at) in pairwise(rows):
        assert start == before[2] - timedelta(minutes=90)
        assert end == fetched_at


def test_what_was_seen_arrives_and_the_others_stay(project, crowd):
    crowd(5)
    project.set_profile("never seen", n="kept")
    project.read_profiles()
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    project.set_profile("newcomer", n="first", **{"$last_seen": seen_now()})

    report = project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()
    assert report.profiles == 7
    assert project.profile_reads() == [(True, 6, 0), (False, 2, None)]
    assert project.profile_history() == [("u1", {"n": 1, "$last_seen": LONG_AGO}, False)]


def test_an_increment_marks_nothing_deleted(project, crowd):
    crowd(5)
    project.set_profile("never seen", n="kept")
    project.read_profiles()
    project.remove_profile("u1")
    project.remove_profile("never seen")

    project.read_profiles()

    assert project.loaded_profiles().keys() - project.served_profiles().keys() == {
        "u1",
        "never seen",
    }
    assert project.profile_history() == []


def test_what_an_increment_can_not_see_comes_with_the_next_snapshot(project, crowd):
    crowd(5)
    project.set_profile("never seen", n=1)
    project.read_profiles()
    project.set_profile("u1", n="silently changed", **{"$last_seen": LONG_AGO})
    project.set_profile("never seen", n=2)
    project.set_profile("silent newcomer")

    project.read_profiles()
    between = project.loaded_profiles()
    project.read_profiles(full=True)

    assert (between["u1"]["n"], between["never seen"]) == (1, {"n": 1})
    assert project.loaded_profiles() == project.served_profiles()


def test_an_update_that_mixpanel_showed_late_is_within_the_overlap(project, crowd):
    crowd(3)
    project.read_profiles()
    project.set_profile("u1", n="late", **{"$last_seen": ago(minutes=80)})

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()


def test_seen_once_more_and_unchanged_is_no_change(project):
    project.set_profile("u1", n=1, **{"$last_seen": seen_now()})
    project.read_profiles()

    project.read_profiles()

    assert project.profile_reads() == [(True, 1, 0), (False, 1, None)]
    assert project.profile_history() == []


def test_an_increment_without_anybody_is_a_row_with_0(project, crowd):
    crowd(3)
    project.read_profiles()

    report = project.read_profiles()

    assert (report.failures, report.profiles) == ([], 3)
    assert project.profile_reads() == [(True, 3, 0), (False, 0, None)]


def test_an_increment_never_counts_as_the_unfiltered_read(project, crowd):
    crowd(3)
    project.read_profiles()
    snapshot = project.ledger().profiles
    project.read_profiles()

    rows = project.query(
        "SELECT filter_hash, snapshot_complete FROM mixpanel._metadata ORDER BY fetched_at"
    )

    assert rows == [("all", True), ("last_seen", False)]
    assert project.ledger().profiles == snapshot


def test_the_ledger_has_the_newest_last_seen(project):
    project.set_profile("u1", **{"$last_seen": "2026-02-03T04:05:06"})
    project.set_profile("u2", **{"$last_seen": "yesterday"})
    project.set_profile("u3")

    project.read_profiles()

    assert project.query("SELECT max_processed_at FROM mixpanel._metadata") == [
        (datetime(2026, 2, 3, 4, 5, 6),)
    ]


def test_without_the_dlt_working_folder_it_carries_on_the_same(project, crowd):
    crowd(3)
    project.read_profiles()
    shutil.rmtree(project.folder / "dlt")

    project.read_profiles()

    assert [complete for complete, _, _ in project.profile_reads()] == [True, False]


def test_promise_2_a_read_whose_load_never_came_to_count_is_repeated(project, crowd):
    crowd(3)
    project.read_profiles()
    snapshot = project.ledger().profiles
    project.read_profiles()
    with duckdb.connect(str(project.folder / "raw.duckdb")) as connection:
        connection.execute(
            "DELETE FROM mixpanel._dlt_loads WHERE load_id = (SELECT max(load_id) FROM mixpanel._metadata)"
        )
    project.engage_forms()

    project.read_profiles()

    [form] = project.engage_forms()
    since = snapshot.fetched_at - timedelta(minutes=90)
    assert form["where"].endswith(f'"{since:%Y-%m-%dT%H:%M:%S}"')
