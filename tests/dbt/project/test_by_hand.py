"""`dbt build` and other dbt commands from a shell, without `mp`."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import warm_dbt
from support.raw_file import Event, RawFile, at
from support.warm_dbt import PROJECT, over, shell

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[3]
DBT = Path(sys.executable).with_name("dbt")
DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> Path:
    """A data folder that `dbt build` has gone over, unit tests included."""
    data = tmp_path_factory.mktemp("data")
    (data / "build").mkdir()
    raw = RawFile(data / "raw.duckdb")
    raw.load({DAY: [Event(at("2026-01-01 12:00"), insert_id="i1")]})
    raw.profiles(["u1", "u2"])
    done = subprocess.run(
        [DBT, "build", *PROJECT], cwd=ROOT, env=shell(over(data)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    return data


def run(data: Path, *arguments: str) -> list[dict[str, Any]]:
    """What dbt did, node by node; the test fails when dbt does."""
    done = warm_dbt.dbt(*arguments, *PROJECT, cwd=ROOT, own=over(data))
    assert done.returncode == 0, done.stdout
    name = "sources.json" if arguments[0] == "source" else "run_results.json"
    return list(json.loads((data / "target" / name).read_bytes())["results"])


@pytest.fixture(scope="module")
def manifest(data: Path) -> dict[str, Any]:
    return dict(json.loads((data / "target" / "manifest.json").read_bytes()))


@pytest.fixture
def built(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(data / "build" / "dbt.duckdb", read_only=True) as db:
        yield db


def test_every_unit_test_and_data_test_passes(data: Path) -> None:
    results = json.loads((data / "target" / "run_results.json").read_bytes())["results"]

    results = [result for result in results if result["status"] != "no-op"]  # exposures
    kinds = [result["unique_id"].split(".")[0] for result in results]
    assert {result["status"] for result in results} == {"success", "pass"}
    assert kinds.count("unit_test") >= 15
    assert kinds.count("test") >= 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("select 1", []),
        ("delete from raw.mixpanel.events", [(1, 0)]),
        ("insert into raw.mixpanel.events from raw.mixpanel.events", [(1, 2)]),
        (
            "insert into dbt.working.build_state select 'load', load_id from raw.mixpanel._metadata",
            [],
        ),
    ],
)
def test_raw_rows_that_the_ledger_does_not_know_are_found(
    data: Path, tmp_path: Path, change: str, expected: list[tuple[int, int]]
) -> None:
    (tmp_path / "raw.duckdb").write_bytes((data / "raw.duckdb").read_bytes())
    compiled = data / "target/compiled/mixpanel_data/tests/raw_rows_are_those_of_the_ledger.sql"
    with duckdb.connect() as db:
        db.execute(f"attach '{tmp_path / 'raw.duckdb'}' as raw; attach ':memory:' as dbt")
        db.execute("create schema dbt.staging; create schema dbt.working")
        db.execute("create table dbt.working.build_state (kind varchar, name varchar)")
        db.execute("create view dbt.staging.stg_mixpanel__events as from raw.mixpanel.events")
        db.execute(change)
        assert (
            db.execute(f"select row_count, found_rows from ({compiled.read_text()})").fetchall()
            == expected
        )


@pytest.mark.parametrize("table", ["user_days", "user_activity", "sessions", "daily_events"])
def test_a_table_that_lost_an_event_is_found(data: Path, tmp_path: Path, table: str) -> None:
    [compiled] = (data / "target" / "compiled").rglob("every_event_is_in_the_sums.sql")
    with duckdb.connect(shutil.copy(data / "build" / "dbt.duckdb", tmp_path)) as db:
        query = f"select table_name from ({compiled.read_text()})"
        assert db.execute(query).fetchall() == []

        db.execute(f"update {table} set event_count = event_count - 1")

        assert (table,) in db.execute(query).fetchall()


def test_the_published_file_is_not_touched(data: Path) -> None:
    assert not (data / "mixpanel.duckdb").exists()


def test_every_model_and_every_column_is_described(
    data: Path, manifest: dict[str, Any], built: duckdb.DuckDBPyConnection
) -> None:
    bare = []
    built.execute(f"attach '{data / 'raw.duckdb'}' as raw (read_only)")
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model":
            continue
        made = node["relation_name"] or f"({node['compiled_code']})"  # of an ephemeral one
        held = built.execute(f"select column_name from (describe from {made})").fetchall()
        assert held, node["name"]
        bare += [node["name"]] if not node["description"] else []
        bare += [
            f"{node['name']}.{column}"
            for (column,) in held
            if not node["columns"].get(column, {}).get("description")
        ]
    assert bare == []


def test_descriptions_are_comments_that_bi_tools_show(built: duckdb.DuckDBPyConnection) -> None:
    silent = built.execute(
        "select table_name, column_name from duckdb_columns() where not internal and schema_name = 'main' and comment is null"
    ).fetchall()
    mute = built.execute(
        "select table_name from duckdb_tables() where not internal and schema_name = 'main' and comment is null"
    ).fetchall()

    assert silent == []
    assert mute == []


def test_every_mart_keeps_a_contract(manifest: dict[str, Any]) -> None:
    loose = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["fqn"][1] == "marts"
        and not node["config"]["contract"]["enforced"]
    ]

    assert loose == []


def test_the_first_columns_are_those_of_the_contract(built: duckdb.DuckDBPyConnection) -> None:
    columns = {
        table: [row[:2] for row in built.execute(f"describe {table}").fetchall()]
        for table in ("events", "profiles")
    }

    assert columns["events"][:5] == [
        ("event", "VARCHAR"),
        ("time", "TIMESTAMP"),
        ("distinct_id", "VARCHAR"),
        ("insert_id", "VARCHAR"),
        ("properties", "JSON"),
    ]
    assert columns["profiles"][:2] == [("distinct_id", "VARCHAR"), ("properties", "JSON")]


def test_a_project_without_events_is_built(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    RawFile(tmp_path / "raw.duckdb").profiles(["u1", "u2"])

    run(tmp_path, "build", "--exclude-resource-type", "unit_test")

    with duckdb.connect(tmp_path / "build" / "dbt.duckdb", read_only=True) as db:
        assert db.execute("select count(*) from profiles").fetchone() == (2,)
        assert db.execute("select count(*) from property_catalog").fetchone() == (0,)


def test_a_full_refresh_rebuilds_everything(data: Path) -> None:
    run(data, "build", "--full-refresh", "--exclude-resource-type", "unit_test")

    with duckdb.connect(data / "build" / "dbt.duckdb", read_only=True) as db:
        rows = db.execute(
            "select (select count(*) from events), (select count(*) from user_days), "
            "(select count(*) from property_catalog), (select count(*) from _metadata)"
        ).fetchall()
    assert rows == [(1, 1, 0, 2)]


def test_a_full_refresh_of_a_part_is_refused(data: Path) -> None:
    with pytest.raises(AssertionError, match="run it without --select and --exclude"):
        run(data, "build", "--full-refresh", "--select", "sessions")
