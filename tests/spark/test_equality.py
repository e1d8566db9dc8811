"""Whole projects on both engines: every public table has the same rows."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support import warm_dbt
from support.marts import people, shop
from support.raw_file import RawFile
from support.spark.compiled import ROOT, compiled_for_spark
from support.spark.equality import OnSpark, columns_of, differences
from support.spark.local import FEW_ROWS

SHOP: dict[str, Any] = {
    "project_timezone": "Europe/Berlin",
    "hidden_events": ["Hidden"],
    "event_properties": [
        {"name": "price", "alias": "price", "type": "number"},
        {"name": "price", "alias": "whole_price", "type": "integer"},
        {"name": "price", "alias": "is_price", "type": "boolean"},
        {"name": "pl'an / $tier.x", "alias": "tier", "type": "string"},
    ],
    "profile_properties": [
        {"name": "pl'an / $tier.x", "alias": "tier", "type": "string"},
        {"name": "visits", "alias": "visits", "type": "integer"},
        {"name": "$last_seen", "alias": "seen_on", "type": "date"},
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
            "mode": "calendar",
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
            "name": "reentered",
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
            "segments": ["tier", "cohort.at rest"],
            "cumulative": True,
        },
        {
            "name": "last tier",
            "events": ["Page View"],
            "measure": "unique",
            "units": ["week"],
            "segments": ["tier"],
            "segment_at": "last",
        },
        {"name": "borrowed", "segments": [{"property": "utm_source", "borrow_days": 2}]},
        {"name": "pages", "segments": [{"column": "current_url", "list": True}]},
        {
            "name": "median price",
            "measure": "median",
            "of": {"property": "price"},
            "segments": ["tier", {"column": "price", "buckets": [2, 5]}],
            "units": ["hour", "day", "week", "month"],
            "rolling": 3,
        },
        {"name": "visits", "measure": "p75", "per_user": "sessions", "where": "tier <> 'free'"},
    ],
}


@dataclass
class BothEngines:
    """A project that DuckDB has built in ``built``, and Spark in a schema of its own."""

    built: Path
    on_spark: OnSpark
    columns: dict[str, dict[str, str]] = field(default_factory=dict)


def build_on_duckdb(folder: Path, variables: dict[str, Any]) -> Path:
    values = ("--vars", json.dumps(variables))
    own = warm_dbt.over(folder)
    done = warm_dbt.dbt("run", *warm_dbt.PROJECT, *values, cwd=ROOT, own=own)
    assert done.returncode == 0, done.stdout
    return folder / "build" / "dbt.duckdb"


@pytest.fixture(scope="module")
def both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> BothEngines:
    """The invented shop, with profiles, companies and everything in it that makes counting hard."""
    folder = tmp_path_factory.mktemp("shop")
    raw = RawFile(folder / "raw.duckdb")
    raw.load(shop.days_of(7))
    people.load(raw, 0, len(people.READS))
    (folder / "build").mkdir()
    built = build_on_duckdb(folder, SHOP)
    on_spark = OnSpark(spark, folder, "shop")
    columns = columns_of(built)
    # The tests of functions run compiled code.
    for name, value in FEW_ROWS.items():
        spark.conf.set(name, value)
    on_spark.build(compiled_for_spark(folder, SHOP), columns)
    for name in FEW_ROWS:
        spark.conf.unset(name)
    return BothEngines(built, on_spark, columns)


def public_tables() -> list[str]:
    """The models of `dbt/models/marts`, which readers see."""
    return sorted(path.stem for path in (ROOT / "dbt/models/marts").rglob("*.sql"))


@pytest.mark.parametrize("table", public_tables())
def test_a_public_table_has_the_same_rows_on_both_engines(both: BothEngines, table: str):
    assert differences(both.built, table, both.on_spark.rows(table), both.columns[table]) == ""


def test_the_comparison_sees_a_row_that_differs(both: BothEngines, tmp_path: Path):
    rows = both.on_spark.session.table("shop.sessions").limit(5)
    rows.write.parquet(str(tmp_path / "some"))

    assert "rows only on DuckDB" in differences(
        both.built, "sessions", tmp_path / "some", both.columns["sessions"]
    )


def test_the_shop_has_rows_for_every_table_that_can_have_some(both: BothEngines):
    empty = [
        table
        for table in public_tables()
        if not both.on_spark.session.table(f"shop.{table}").take(1)
    ]

    assert set(empty) <= {"_rejected", "dq_volume", "schema_changes"}
