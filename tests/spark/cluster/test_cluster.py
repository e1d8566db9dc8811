"""The engine `spark` on a cluster of two workers: `mp sync` and `mp engine compare`, over one sequence of changes.

The builds are few, since each takes most of a minute: the first load, and one after all kinds of changes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.crash.command import Ended
from support.crash.points import after, before
from support.spark.cluster import WORKERS
from support.spark.cluster_project import (
    DAYS,
    EMPTIED,
    LATE,
    LOST,
    REREAD,
    ClusterProject,
)

COMMIT = "mixpanel_data.destinations.iceberg.load:replace"


@dataclass
class FirstLoad:
    """The first sync: killed before and after a commit, then whole."""

    rows_after_kills: list[dict[Any, int]]
    ended: Ended
    requested: list[str]
    """The days that the run after the kills asked for."""
    rows: dict[Any, int]
    compared: Ended


@pytest.fixture(scope="module")
def first(project: ClusterProject) -> FirstLoad:
    rows = []
    for point in (before(COMMIT), after(COMMIT)):
        killed = project.sync("--no-build", "--only", "events", at=point, event="die").end()
        assert killed.returncode == -9, killed.stderr
        rows.append(project.loaded())
    project.sandbox.requests.clear()
    ended = project.sync().end()
    asked = [call.params for call in project.sandbox.requests if call.path.endswith("/export")]
    days = [each["from_date"] for each in asked]
    return FirstLoad(rows, ended, days, project.loaded(), project.compare())


@dataclass
class SecondLoad:
    """The sync after all changes, before which the driver of another one was killed, and a third one was refused."""

    refused: Ended
    killed: Ended
    before: tuple[dict[str, int], bytes]
    """The tags of the catalog and the published file, before the driver was killed."""
    after_kill: tuple[dict[str, int], bytes]
    ended: Ended
    rows: dict[Any, int]
    compared: Ended


@pytest.fixture(scope="module")
def second(first: FirstLoad, project: ClusterProject) -> SecondLoad:
    project.change()
    published = (project.tags(), project.published.read_bytes())
    refused, killed = project.kill_driver(project.sync("--refetch", first=DAYS[1]), "identities")
    after_kill = (project.tags(), project.published.read_bytes())
    ended = project.sync().end()
    return SecondLoad(
        refused,
        killed,
        published,
        after_kill,
        ended,
        project.loaded(),
        project.compare(),
    )


def assert_equal(compared: Ended) -> None:
    """Every table that was built has the same rows on both engines."""
    assert compared.returncode == 0, compared.stdout + compared.stderr
    tables = json.loads(compared.stdout)
    assert {each["result"] for each in tables} == {"equal"}
    core = Path(__file__).parents[3] / "dbt" / "models" / "marts" / "core"
    expected = {"sessions", "identities", *(path.stem for path in core.glob("*.sql"))}
    assert {each["table"] for each in tables} >= expected


def test_a_killed_loader_commits_all_of_a_package_or_nothing(project, first):
    served = {day: count for day, count in first.rows.items() if count}

    assert first.rows_after_kills[0] == {}
    assert first.rows_after_kills[1]
    assert first.rows_after_kills[1].items() <= served.items()
    assert not {str(day) for day in first.rows_after_kills[1]} & set(first.requested)


def test_the_first_load_is_whole_and_equal_on_both_engines(first):
    assert first.ended.returncode == 0, first.ended.stderr
    assert sorted(first.rows) == DAYS
    assert_equal(first.compared)


def test_both_workers_ran_tasks_of_the_build(project, first):
    builds = project.cluster.tasks_by_worker()
    pages = {worker["webuiaddress"] for worker in project.cluster.state()["workers"]}

    assert len(pages) == WORKERS
    assert builds
    for tasks in builds.values():
        assert tasks.keys() == pages
        assert min(tasks.values()) > 50


def test_while_one_run_builds_another_data_folder_can_neither_load_nor_build(second):
    assert second.refused.returncode == 7
    assert "The Iceberg catalog postgresql://" in second.refused.stderr
    assert "is in use by process" in second.refused.stderr


def test_a_killed_driver_publishes_nothing_and_the_next_run_is_right(project, second):
    assert second.killed.returncode == 1, second.killed.stderr
    assert "the published ones are unchanged" in second.killed.stderr
    assert second.after_kill == second.before

    assert second.ended.returncode == 0, second.ended.stderr
    assert project.tags() != second.before[0]
    assert project.tags().keys() == second.before[0].keys()


def test_all_changes_are_equal_on_both_engines(project, second):
    assert second.rows == project.served()
    assert_equal(second.compared)


EXPECTED = {
    "a day that was reread": (
        f"SELECT insert_id, price FROM events WHERE event_date = '{REREAD}' AND user_id = 'visitor 1'",
        [("first-1", 99.0)],
    ),
    "a late event": (
        f"SELECT insert_id FROM events WHERE event_date = '{LATE}' AND user_id = 'visitor 2' ORDER BY 1",
        [("first-2",), ("late",), ("second-2",)],
    ),
    "an identity that was merged, on a day that was not reread": (
        "SELECT user_id, distinct_id FROM events WHERE insert_id = 'anonymous'",
        [("merged", "$device:dev")],
    ),
    "a day that the catalog had lost": (
        f"SELECT insert_id FROM events WHERE event_date = '{LOST}' AND user_id = 'visitor 3' ORDER BY 1",
        [("first-3",), ("second-3",)],
    ),
    "a day that was emptied": (
        f"SELECT (SELECT count(*) FROM events WHERE event_date = '{EMPTIED}'), "
        f"(SELECT row_count FROM _metadata WHERE table_name = 'events' AND window_start = '{EMPTIED}' "
        "ORDER BY load_number DESC LIMIT 1)",
        [(0, 0)],
    ),
    "numbers, equal keys, keys that differ in case, empty texts and NUL in properties": (
        "SELECT DISTINCT json_keys(properties), properties ->> 'big', properties ->> 'empty', "
        "contains(properties::VARCHAR, 'a\\u0000b') FROM events WHERE event = 'Odd'",
        [
            (
                [
                    "time",
                    "distinct_id",
                    "$insert_id",
                    "big",
                    "same",
                    "same",
                    "Case",
                    "case",
                    "empty",
                    "nul",
                ],
                "123456789012345678901234567890",
                "",
                True,
            )
        ],
    ),
    "empty and odd names": (
        "SELECT event, distinct_id FROM events WHERE insert_id IN ('empty id', 'nul-' || chr(0)) ORDER BY 1",
        [("", ""), ("Opened", "nul\x00id")],
    ),
    "a group profile that is gone": (
        "SELECT distinct_id FROM group_profiles",
        [("acme",)],
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_published_rows_are_those_of_mixpanel(project, second, kind):
    sql, rows = EXPECTED[kind]

    assert project.query(sql) == rows
