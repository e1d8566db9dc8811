"""Promise 14: after any selection, failure, kill or change of variables, one plain build ends where a full one does.

The seed changes from day to day; ``MP_TEST_SEED`` sets it, to repeat a failure.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.marts import conftest
from support.marts import people, shop
from support.own_project import OwnProject, execute, query, tables
from support.raw_file import RawFile

SEED = int(os.environ["MP_TEST_SEED"])
STEPS = 10

FAILING = (
    *(
        "events",
        "int_id_activity_by_day",
        "identities",
        "int_reassigned_user_days",
        "int_affected_users",
    ),
    *("user_days", "sessions", "funnel_attempts", "own_growing", "own_users", "dq_casts"),
)
SELECTED = (
    *("sessions+", "+sessions", "events", "events+", "events sessions", "int_id_activity_by_day"),
    *(
        "identities",
        "int_reassigned_user_days",
        "int_affected_users user_days",
        "funnels",
        "+funnels",
    ),
    *("user_activity profiles", "own_growing", "+own_growing", "own_users+", "_metadata _settings"),
    *("marts.quality", "intermediate.identity", "staging intermediate"),
)

pytestmark = pytest.mark.e2e


def test_promise_14_one_plain_build_ends_where_a_full_one_does(
    tmp_path: Path, parsed: Path
) -> None:
    chance = random.Random(SEED)
    project = OwnProject(tmp_path / "project", conftest.VARS)
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    grown.mkdir()
    whole.mkdir()
    raw = RawFile(grown / "raw.duckdb")
    days = shop.days_of(SEED)
    steps: list[str] = []

    def load() -> None:
        some = chance.sample(sorted(days), chance.randrange(1, 6))
        versions = {day: shop.first_version(chance.randrange(99), days[day]) for day in some}
        raw.load({day: chance.choice([days[day], versions[day]]) for day in some})
        raw.profiles(people.at_random(chance), complete=chance.random() < 0.5)

    def build() -> None:
        project.build(grown)

    def fails() -> None:
        project.dbt(grown, "build", fails_at=chance.choice(FAILING))

    def killed() -> None:
        project.killed_at(grown, chance.choice(FAILING))

    def select() -> None:
        command = chance.choice(["run", "build"])
        project.dbt(grown, command, "--select", *chance.choice(SELECTED).split())

    def exclude() -> None:
        project.dbt(grown, "run", "--exclude", *chance.choice(SELECTED).split())

    def refresh() -> None:
        project.dbt(grown, "run", "--full-refresh", "--select", *chance.choice(SELECTED).split())

    def others() -> None:
        chosen = ["--select", "own_growing"] if chance.random() < 0.5 else []
        at = chance.choice(["", *FAILING])
        other = ["--vars", '{"session_timeout_minutes": 20, "project_timezone": "UTC"}']
        project.dbt(grown, "run", *chosen, *other, fails_at=at)

    def dropped() -> None:
        if (grown / "build" / "dbt.duckdb").exists():
            execute(grown, f"drop table if exists {chance.choice(['own_users', 'user_days'])}")

    kinds: list[Callable[[], None]] = [load, build, fails, killed, select, select, exclude]
    load()
    project.build(grown)
    project.keep_parsed(grown)
    for number in range(STEPS):
        step = load if number % 3 == 0 else chance.choice([*kinds, refresh, others, dropped])
        steps.append(step.__name__)
        step()
    project.build(grown)
    (whole / "raw.duckdb").write_bytes((grown / "raw.duckdb").read_bytes())
    project.build(whole)

    found, expected = tables(grown), tables(whole)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        assert found[name] == rows, f"{name}, MP_TEST_SEED={SEED}, {steps}"
    assert query(grown, "select count(*) from events where session_id is not null") != [(0,)]
