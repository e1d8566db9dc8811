"""Promise 1, for every mart and every column: loads split, ordered and repeated at random, and builds that fail half
way, end where one build does.

The seed changes from day to day; ``MP_TEST_SEED`` sets it, to repeat a failure.
"""

import json
import os
import random
import shutil
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from dbt.marts.conftest import ROOT, VARS, build
from dbt.marts.test_increments import tables
from support import warm_dbt
from support.marts import people, shop
from support.raw_file import Event, RawFile

SEED = int(os.environ["MP_TEST_SEED"])

FAILING = (
    *(
        "events",
        "int_id_activity_by_day",
        "identities",
        "int_reassigned_user_days",
        "int_affected_users",
    ),
    *(
        "user_days",
        "sessions",
        "int_retention_users",
        "funnel_attempts",
        "profiles",
        "user_activity",
    ),
    *("int_user_totals", "int_segment_days", "frequency", "event_transitions", "session_paths"),
    *("int_cohort_profiles", "cohort_members", "insights"),
)

pytestmark = pytest.mark.e2e


def test_promise_1_any_split_order_and_failure_ends_where_one_build_does(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    days = shop.days_of(SEED)
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    (grown / "build").mkdir(parents=True)
    whole.mkdir()
    raw = RawFile(grown / "raw.duckdb")
    raw.load(one_of_each_name(days))

    for load in loads(chance, days):
        raw.load(load, fetched_at=while_they_went_on(chance, load))
        if chance.random() < 0.5:
            raw.profiles(people.at_random(chance), complete=chance.random() < 0.5)
        if chance.random() < 0.3:
            build_no_further_than(chance.choice(FAILING), grown)
        if chance.random() < 0.6:
            build(grown)
    build(grown)
    (whole / "raw.duckdb").write_bytes((grown / "raw.duckdb").read_bytes())
    build(whole)

    found, expected = tables(grown), tables(whole)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        assert found[name] == rows, f"{name}, MP_TEST_SEED={SEED}"


def one_of_each_name(days: dict[date, list[Event]]) -> dict[date, list[Event]]:
    """A day before the others: a build refuses variables that name events which were never loaded."""
    day = min(days) - timedelta(days=1)
    names = sorted({event.name for events in days.values() for event in events})
    return {day: [Event(datetime.combine(day, time()), name, "first", name) for name in names]}


def while_they_went_on(chance: random.Random, days: Iterable[date]) -> dict[date, datetime]:
    """Times of some of the days, at which they were fetched."""
    return {
        day: datetime.combine(day, time(chance.randrange(24)))
        for day in days
        if chance.random() < 0.2
    }


def build_no_further_than(model: str, folder: Path) -> None:
    """A build that fails at the model: dbt skips what follows, nothing is published."""
    failing = folder / "failing"
    shutil.copytree(ROOT / "dbt", failing, ignore=shutil.ignore_patterns("target", "logs"))
    [file] = (failing / "models").rglob(f"{model}.sql")
    with file.open("a") as sql:
        sql.write("{% if execute %}{{ exceptions.raise_compiler_error('It fails.') }}{% endif %}")
    done = warm_dbt.dbt(
        *("build", "--project-dir", str(failing), "--profiles-dir", str(failing)),
        *("--exclude-resource-type", "unit_test", "--vars", json.dumps(VARS)),
        cwd=ROOT,
        own=warm_dbt.over(folder) | {"DBT_TARGET_PATH": str(failing / "target")},
    )
    shutil.rmtree(failing)
    assert done.returncode == 1, done.stdout
    assert "It fails." in done.stdout


def loads(chance: random.Random, days: dict[date, list[Event]]) -> list[dict[date, list[Event]]]:
    """Some days at a time, each of them up to three times, in its last version at the end."""
    versions = {
        day: [shop.first_version(chance.randrange(99), events) for _ in range(chance.randrange(3))]
        + [events]
        for day, events in days.items()
    }
    made = []
    while versions:
        some = chance.sample(sorted(versions), min(len(versions), chance.randrange(2, 9)))
        made.append({day: versions[day].pop(0) for day in some})
        versions = {day: left for day, left in versions.items() if left}
    return made
