"""One shop, built load by load and once at one go."""

import json
import random
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import warm_dbt
from support.marts import people, plain, shop
from support.raw_file import Event, RawFile

ROOT = Path(__file__).parents[3]
SEED = 7
VARS: dict[str, Any] = {
    "project_timezone": "Europe/Berlin",
    "hidden_events": ["Hidden"],
    "event_properties": [
        {"name": "price", "alias": "price", "type": "number"},
        {"name": "pl'an / $tier.x", "alias": "tier", "type": "string"},
    ],
    "profile_properties": [
        {"name": "pl'an / $tier.x", "alias": "tier", "type": "string"},
        {"name": "visits", "alias": "visits", "type": "integer"},
    ],
    "segments": [
        {"name": "page", "column": "current_url"},
        {"name": "at rest", "column": "cohort.at rest"},
        {"name": "tier", "of": "users", "column": "tier"},
    ],
    "retentions": [
        {"name": "by day", "intervals": 5},
        {
            "name": "by week",
            "unit": "week",
            "kind": "compounded",
            "return_events": ["Page View"],
            "intervals": 8,
            "segment": "cohort.known or not paying",
        },
        {
            "name": "by month",
            "unit": "month",
            "birth_events": ["Page View"],
            "return_events": ["Paid"],
            "intervals": 2,
        },
        {
            "name": "worth by page",
            "birth_events": ["Page View"],
            "birth_where": "price is null or price < 2",
            "return_events": ["Paid", "paid"],
            "return_where": "price > 0",
            "brackets": [1, 3, 10],
            "segment": "current_url",
            "value": "price",
        },
    ],
    "funnels": [
        {"name": "paying", "steps": ["Page View", "Search", ["Paid", "paid"]]},
        {
            "name": "repeated",
            "steps": ["Search", "Paid"],
            "window": 1,
            "window_unit": "hour",
            "counting": "totals",
            "segment": "current_url",
            "segment_at": "last_defined",
        },
        {
            "name": "weekly",
            "steps": ["Page View", "Search", ["Paid", "paid"]],
            "per": "week",
            "value": "price",
            "segment": "current_url",
        },
        {
            "name": "any order",
            "steps": ["Page View", "Search", ["Paid", "paid"]],
            "order": "any",
            "counting": "totals",
            "window": 2,
            "segment": "cohort.viewers",
        },
        {
            "name": "in a session",
            "steps": ["Page View", "Search"],
            "counting": "sessions",
            "exclude": [{"event": "Paid", "after": 1}],
        },
    ],
    **shop.DEFINITIONS,
    "metrics": [
        {
            "name": "events",
            "units": ["hour", "day", "week", "month"],
            "segments": ["tier", "cohort.known or not paying"],
        },
        {
            "name": "users",
            "measure": "unique",
            "units": ["hour", "day", "week", "month"],
            "rolling": 3,
            "cumulative": True,
        },
        *(
            {
                "name": measure,
                "events": ["Paid", "Search"],
                "measure": measure,
                "of": "price",
                "units": ["week"],
                "rolling": 2,
            }
            for measure in ("average", "p25", "p75", "min", "max", "distinct")
        ),
        *(
            {
                "name": measure,
                "events": ["Paid", "Search"],
                "measure": measure,
                "of": "price",
                "units": ["day", "month"],
                "rolling": 2,
                "segments": ["tier", {"property": "price", "buckets": [2, 5]}],
            }
            for measure in ("sum", "median")
        ),
        {
            "name": "last tier",
            "events": ["Page View"],
            "measure": "unique",
            "units": ["week"],
            "segments": ["tier"],
            "segment_at": "last",
        },
        {
            "name": "borrowed",
            "events": ["Search", "Paid"],
            "segments": [{"property": "utm_source", "borrow_days": 2}],
            "units": ["hour", "day", "week"],
        },
        *(
            {
                "name": f"average of {per_user}",
                "events": ["Page View"],
                "where": "tier <> 'free'",
                "measure": "average",
                "per_user": per_user,
                "of": {"property": "price"} if per_user in ("sum", "distinct") else "",
                "units": ["week"],
            }
            for per_user in ("total", "sessions", "sum", "distinct")
        ),
    ],
    "events_in_a_batch": 100,
}


def dbt(
    folder: Path, *arguments: str, settings: dict[str, Any] = VARS
) -> "subprocess.CompletedProcess[str]":
    """dbt over the data folder, as someone at a shell runs it."""
    return warm_dbt.dbt(
        *arguments,
        *(*warm_dbt.PROJECT, "--vars", json.dumps(settings)),
        cwd=ROOT,
        own=warm_dbt.over(folder),
    )


def build(folder: Path, settings: dict[str, Any] = VARS) -> None:
    """A green build, and what publishing drops."""
    (folder / "build").mkdir(exist_ok=True)
    options = ("--exclude-resource-type", "unit_test", "--exclude", "tag:mixpanel_data_keys")
    done = dbt(folder, "build", *options, settings=settings)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(folder / "build" / "dbt.duckdb") as db:
        db.execute("drop schema staging cascade")


@pytest.fixture(scope="session", autouse=True)
def _warm(parsed: Path) -> None:
    """A dbt to fork from."""


@pytest.fixture(scope="session")
def days() -> dict[date, list[Event]]:
    return shop.days_of(SEED)


@pytest.fixture(scope="session")
def by_loads(tmp_path_factory: pytest.TempPathFactory, days: dict[date, list[Event]]) -> Path:
    """The file built over four loads: days in any order, most of them fetched twice, the first time incompletely."""
    chance = random.Random(SEED)
    folder = tmp_path_factory.mktemp("by_loads")
    raw = RawFile(folder / "raw.duckdb")
    order = chance.sample(shop.DAYS, len(shop.DAYS))
    early, late = order[:7], order[7:]
    raw.load({day: shop.first_version(SEED, days[day]) for day in early})
    people.load(raw, 0, 2)
    build(folder)
    second = chance.sample(early, 3)
    raw.load(
        {day: days[day] for day in second} | {day: shop.first_version(1, days[day]) for day in late}
    )
    people.load(raw, 2, 4)
    build(folder)
    raw.load({day: days[day] for day in early if day not in second})
    people.load(raw, 4, 6)
    raw.load({day: days[day] for day in late})
    build(folder)
    people.load(raw, 6, len(people.READS))
    build(folder)
    return folder


@pytest.fixture(scope="session")
def at_once(tmp_path_factory: pytest.TempPathFactory, by_loads: Path) -> Path:
    """The file built in one go from the same raw data."""
    folder = tmp_path_factory.mktemp("at_once")
    (folder / "raw.duckdb").write_bytes((by_loads / "raw.duckdb").read_bytes())
    build(folder)
    return folder


@pytest.fixture
def db(by_loads: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(by_loads / "build" / "dbt.duckdb", read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def seen(days: dict[date, list[Event]]) -> list[plain.Seen]:
    """What plain Python makes of the same raw events."""
    return plain.events(event for events in days.values() for event in events)
