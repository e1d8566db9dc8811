"""`dbt source freshness`: data are as old as the end of the last day up to which all days are complete."""

import json
import os
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import warm_dbt
from support.raw_file import RawFile
from support.warm_dbt import PROJECT, over

from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data._internal.project.init import init_project
from mixpanel_data.sync.status import complete_up_to

from .test_by_hand import DBT, ROOT

pytestmark = pytest.mark.e2e

TODAY = datetime.now(UTC).date()


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.fixture
def raw(tmp_path: Path, parsed: Path) -> RawFile:
    (tmp_path / "data" / "build").mkdir(parents=True)
    return RawFile(tmp_path / "data" / "raw.duckdb")


def fetch(raw: RawFile, *days: int, **how: Any) -> None:
    """Load these days, counted back from today."""
    raw.load({back(each): [] for each in days}, **how)


def freshness(raw: RawFile) -> tuple[str, str]:
    """The state of the events, and from when they are."""
    data = raw.path.parent
    warm_dbt.dbt("source", "freshness", *PROJECT, cwd=ROOT, own=over(data))
    results = json.loads((data / "target" / "sources.json").read_bytes())["results"]
    assert len(results) == 1, results
    (found,) = results
    assert found["unique_id"] == "source.mixpanel_data.mixpanel.events"
    return found["status"], found["max_loaded_at"]


def start_of(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


@pytest.mark.parametrize(
    ("days", "state", "until"),
    [
        ((4, 3, 2, 1), "pass", 0),
        ((5, 4, 3), "warn", 2),
        ((6, 5, 3, 2, 1), "error", 4),  # a gap counts, although the newest days are there
    ],
)
def test_the_age_is_that_of_the_first_day_that_is_missing(
    raw: RawFile, days: tuple[int, ...], state: str, until: int
) -> None:
    fetch(raw, *days)

    assert freshness(raw) == (state, start_of(back(until)))
    known = complete_up_to(read_ledger(raw.path), TODAY)
    assert known == back(until + 1)  # as `mp status` has it


def test_what_is_not_complete_does_not_count(raw: RawFile) -> None:
    fetch(raw, 5, 4, 3, 2, 1)
    noon = datetime.combine(back(4), time(12))
    fetch(raw, 4, fetched_at={back(4): noon})  # before the day was over
    assert freshness(raw) == ("error", start_of(back(4)))

    fetch(raw, 4)
    fetch(raw, 3, committed=False)  # a killed run replaced it
    assert freshness(raw) == ("error", start_of(back(3)))


def test_a_first_day_that_never_arrived_is_an_error_unless_it_is_before_the_start(
    raw: RawFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(raw, 2, 1)
    with duckdb.connect(raw.path) as db:
        db.execute("update mixpanel._metadata set wanted_from = ?", [back(9)])

    assert freshness(raw) == ("error", start_of(back(9)))
    assert complete_up_to(read_ledger(raw.path), TODAY) is None

    for start, found in ((2, ("pass", start_of(TODAY))), (3, ("error", start_of(back(3))))):
        monkeypatch.setenv("MP_START_DATE", str(back(start)))
        assert freshness(raw) == found
    assert complete_up_to(read_ledger(raw.path), TODAY, since=back(2)) == back(1)
    assert complete_up_to(read_ledger(raw.path), TODAY, since=back(3)) is None


def test_a_project_of_its_own_sets_the_ages(raw: RawFile, tmp_path: Path) -> None:
    init_project(tmp_path / "shop")
    with (tmp_path / "shop" / "dbt_project.yml").open("a", encoding="utf-8") as file:
        file.write(
            "\nsources: {mixpanel_data: {staging: {mixpanel: {mixpanel: {events: {+freshness: "
            "{warn_after: {count: 1, period: minute}, error_after: {count: 30, period: day}}}}}}}}\n"
        )
    fetch(raw, 5, 4)

    done = subprocess.run(
        [DBT, "source", "freshness"],
        cwd=tmp_path / "shop",
        env={
            **os.environ,
            "DBT_PROFILES_DIR": ".mixpanel_data",
            "MP_DATA_DIR": str(raw.path.parent),
        },
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    assert "WARN freshness of mixpanel.events" in done.stdout
