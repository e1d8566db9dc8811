"""Rows that are not those of the ledger: what a run with a build publishes, whether or not it can refetch them."""

from collections import Counter
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from support import core_models
from support.project import LAST, Project, Rows, canonical

from mixpanel_data.sandbox import Fault, FaultKind
from mixpanel_data.sync.status import gap_days
from mixpanel_data.sync.verify import check_folder

FIRST = LAST - timedelta(days=3)
DAY = LAST - timedelta(days=2)
TODAY = LAST + timedelta(days=1)

CHANGES = {
    "some rows are gone": "DELETE FROM mixpanel.events WHERE insert_id IN ('2-1', '2-4')",
    "all rows are gone": f"DELETE FROM mixpanel.events WHERE time::DATE = DATE '{DAY}'",
    "stray rows": (
        "INSERT INTO mixpanel.events BY NAME SELECT * REPLACE ('stray' AS event, 'stray ' || insert_id AS insert_id) "
        f"FROM mixpanel.events WHERE time::DATE = DATE '{DAY}' LIMIT 3"
    ),
}


@pytest.fixture(autouse=True)
def _without_most_marts(parsed, monkeypatch) -> None:
    core_models.leave_marts_out(monkeypatch, "days", "dq_days")


def published(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.folder / "mixpanel.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def events(project: Project) -> Rows:
    rows = published(project, "SELECT event, epoch_ms(time), properties FROM events")
    return Counter((event, str(ms), canonical(properties)) for event, ms, properties in rows)


def unknown_days(project: Project) -> tuple[list[Any], list[Any]]:
    """The days that ``days`` and ``dq_days`` don't call known as a whole."""
    queries = (
        f"SELECT DISTINCT day::DATE FROM generate_series(DATE '{FIRST}', DATE '{LAST}', INTERVAL 1 DAY) AS all_days(day) "
        "WHERE day::DATE NOT IN (SELECT event_date FROM days WHERE NOT is_partial) ORDER BY ALL",
        "SELECT day FROM dq_days WHERE NOT is_complete ORDER BY ALL",
    )
    whole, complete = (published(project, sql) for sql in queries)
    return [day for (day,) in whole], [day for (day,) in complete]


@pytest.mark.parametrize(
    ("change", "is_built"),
    [
        pytest.param("some rows are gone", True, marks=pytest.mark.e2e),
        pytest.param("some rows are gone", False, marks=pytest.mark.e2e),
        pytest.param("all rows are gone", True, marks=pytest.mark.e2e),
        pytest.param("stray rows", False, marks=pytest.mark.e2e),
    ],
)
def test_a_day_is_refetched_or_published_as_not_known(project, fill, change, is_built):
    fill(4, 10)
    project.sync(start_date=FIRST, only=None, build=is_built)
    project.asked()
    with duckdb.connect(str(project.folder / "raw.duckdb")) as db:
        db.execute(CHANGES[change])
    left = project.loaded()
    project.sandbox.faults.add(Fault(FaultKind.CUT_GZIP, times=None))

    failed = project.sync(lookback_days=0, build=True)

    assert [str(DAY) in warning for warning in failed.warnings] == [True]
    assert len(failed.failures) == 1
    assert events(project) == left
    assert unknown_days(project) == ([DAY], [DAY])
    assert gap_days(project.ledger(), TODAY) == [DAY]
    assert check_folder(project.settings().folder).disagreements == ()
    project.sandbox.faults.clear()
    project.asked()

    second = project.sync(lookback_days=0, build=True)

    assert project.asked() == [(str(DAY), str(DAY))]
    assert (second.failures, second.warnings) == ([], [])
    assert events(project) == project.served(FIRST, LAST)
    assert unknown_days(project) == ([], [])


@pytest.mark.e2e
def test_stray_rows_of_a_built_day_are_gone_after_one_run(project, fill):
    fill(4, 10)
    project.sync(start_date=FIRST, only=None, build=True)
    project.asked()
    with duckdb.connect(str(project.folder / "raw.duckdb")) as db:
        db.execute(CHANGES["stray rows"])

    report = project.sync(lookback_days=0, build=True)

    assert [str(DAY) in warning for warning in report.warnings] == [True]
    assert project.asked() == [(str(DAY), str(DAY))]
    assert events(project) == project.served(FIRST, LAST)
    assert unknown_days(project) == ([], [])


@pytest.mark.e2e
def test_profiles_that_are_gone_are_reread_and_nothing_else_is_rebuilt(project, fill):
    fill(4, 10)
    for name in "uvw":
        project.sandbox.dataset.set_profile(name, {"n": 1})
    project.sync(start_date=FIRST, only=None, build=True)
    with duckdb.connect(str(project.folder / "raw.duckdb")) as db:
        db.execute("DELETE FROM mixpanel.profiles WHERE distinct_id = 'v'")

    report = project.sync(only=None, lookback_days=0, build=True)

    assert ["user profiles" in warning for warning in report.warnings] == [True]
    assert report.build
    assert not report.build.fresh
    found = published(project, "SELECT distinct_id FROM profiles ORDER BY ALL")
    assert found == [("u",), ("v",), ("w",)]
