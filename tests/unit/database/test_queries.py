"""SQL of users: every value is kept, one statement at a time, at most so many rows and seconds."""

import math
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mixpanel_data import ConfigError, QueryError, QueryTimeoutError, Workspace
from mixpanel_data._internal.storage import Rows, StorageEngine

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(1000) b"


@pytest.fixture
def read_only(tmp_path: Path) -> Any:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE events AS SELECT 'Paid' AS event")
    with StorageEngine(path, read_only=True) as engine:
        yield engine


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["x", "x"], ["x", "x_1"]),
        (["x", "x", "x"], ["x", "x_1", "x_2"]),
        (["x", "x", "x_1"], ["x", "x_2", "x_1"]),
        (["x", "y", "X"], ["x", "y", "X"]),
    ],
)
def test_each_column_has_a_name_of_its_own(
    names: list[str], unique: list[str], storage: StorageEngine
) -> None:
    sql = "SELECT " + ", ".join(f'{n} AS "{name}"' for n, name in enumerate(names))
    values = dict(zip(unique, range(len(names)), strict=True))

    assert storage.execute_rows(sql).to_dicts() == [values]
    assert storage.execute_df(sql).to_dict("records") == [values]
    assert Rows([tuple(range(len(names)))], names).to_dicts() == [values]


@pytest.mark.parametrize("sql", ["", " \n", ";", ";;", "-- only this", "/* only this */;"])
@pytest.mark.parametrize("run", ["execute", "execute_rows", "execute_df", "execute_scalar"])
def test_sql_without_a_statement_is_an_error(run: str, sql: str, storage: StorageEngine) -> None:
    with pytest.raises(QueryError, match="no statement"):
        getattr(storage, run)(sql)


@pytest.mark.parametrize("run", ["execute", "execute_rows", "execute_df", "execute_scalar"])
def test_two_statements_are_an_error_and_neither_is_run(run: str, storage: StorageEngine) -> None:
    with pytest.raises(QueryError, match="2 statements"):
        getattr(storage, run)("CREATE TABLE made AS SELECT 1; SELECT 2")

    assert storage.list_tables() == []


@pytest.mark.parametrize(
    "sql", ["SELECT 1;", "-- first\nSELECT 1", "SELECT 1 -- last", "SELECT ';' AS a; -- ;"]
)
def test_one_statement_with_comments_and_semicolons_is_run(
    sql: str, storage: StorageEngine
) -> None:
    assert len(storage.execute_rows(sql)) == 1


@pytest.mark.parametrize(
    ("max_rows", "rows", "truncated"), [(None, 5000, False), (5000, 5000, False), (4999, 4999, True), (1, 1, True)]
)  # fmt: skip
def test_a_result_has_at_most_the_requested_rows_and_says_when_there_are_more(
    max_rows: int | None, rows: int, truncated: bool, storage: StorageEngine
) -> None:
    sql = "SELECT range AS n FROM range(5000) ORDER BY n"

    found = storage.execute_rows(sql, max_rows=max_rows)
    frame = storage.execute_df(sql, max_rows=max_rows)

    assert (list(found), found.truncated) == ([(n,) for n in range(rows)], truncated)
    assert (list(frame["n"]), frame.attrs) == (list(range(rows)), {"truncated": truncated})


def test_a_frame_of_no_rows_has_its_columns(storage: StorageEngine) -> None:
    frame = storage.execute_df("SELECT 1 AS n WHERE false", max_rows=10)

    assert (list(frame.columns), len(frame)) == (["n"], 0)


@pytest.mark.parametrize("run", ["execute_rows", "execute_df", "execute_scalar"])
def test_a_query_is_interrupted_after_its_time(run: str, storage: StorageEngine) -> None:
    began = time.monotonic()
    with pytest.raises(QueryTimeoutError, match=r"interrupted after 0\.2 s") as caught:
        getattr(storage, run)(ENDLESS, timeout=0.2)

    assert time.monotonic() - began < 20
    assert (caught.value.code, caught.value.timeout) == ("QUERY_TIMEOUT", 0.2)
    assert storage.execute_scalar("SELECT 5", timeout=60) == 5


def test_a_query_is_interrupted_while_its_rows_are_read(storage: StorageEngine) -> None:
    with pytest.raises(QueryTimeoutError):
        storage.execute_rows("SELECT 1 FROM range(100000000000)", timeout=0.3)


def test_an_interrupt_before_the_statement_begins_is_not_lost(storage: StorageEngine) -> None:
    with pytest.raises(QueryTimeoutError):
        storage.execute_rows(ENDLESS, timeout=1e-9)


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_rows", 0), ("max_rows", -1), ("max_rows", 2**64), ("timeout", 0), ("timeout", -1.0), ("timeout", math.inf), ("timeout", math.nan)],
)  # fmt: skip
def test_limits_that_limit_nothing_are_refused(
    option: str, value: Any, storage: StorageEngine
) -> None:
    with pytest.raises(ConfigError, match=option):
        storage.execute_rows("SELECT 1", **{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("ATTACH ':memory:' AS theirs", "ATTACH"),
        ("COPY events TO 'a.csv'", "COPY"),
        ("INSTALL httpfs", "LOAD"),
        ("LOAD httpfs", "LOAD"),
        ("SET threads = 3", "SET"),
        ("DROP TABLE events", "DROP"),
        ("CREATE TEMP TABLE mine AS SELECT 1", "CREATE"),
        ("SELECT * FROM read_csv('a.csv')", "read the tables and nothing else"),
        ("CALL enable_logging(storage = 'file')", "read the tables and nothing else"),
    ],
)
def test_a_read_only_database_runs_nothing_but_reading(
    sql: str, word: str, read_only: StorageEngine
) -> None:
    with pytest.raises(QueryError, match=word):
        read_only.execute_rows(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM events", "DESCRIBE events", "SHOW TABLES", "SUMMARIZE events", "EXPLAIN FROM events", "VALUES (1)",
        "PIVOT events ON event USING count(*)", "WITH a AS (FROM events) FROM a", "PRAGMA table_info('events')",
        "UNPIVOT events ON event",
    ],
)  # fmt: skip
def test_a_read_only_database_runs_all_that_reads(sql: str, read_only: StorageEngine) -> None:
    assert read_only.execute_rows(sql)


ODD = {
    "$browser": "Chrome",
    "a/b": 1,
    "a~b": 2,
    "a.b": 3,
    "it's": 4,
    "a": {"b": 5},
    "": 6,
    "0": 7,
    "none": None,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [("$browser", "Chrome"), ("a/b", "1"), ("a~b", "2"), ("a.b", "3"), ("it's", "4"), ("a", '{"b":5}'), ("", "6"),
     ("0", "7"), ("none", None), ("missing", None), ("$", None), ("~0", None)],
)  # fmt: skip
def test_prop_reads_a_property_by_its_name(name: str, value: str | None) -> None:
    import json

    with Workspace.memory() as ws:
        properties = [json.dumps(ODD), name]
        assert ws.sql_scalar("SELECT prop(?::JSON, ?)", properties) == value
        constant = f"SELECT prop($1::JSON, '{name.replace(chr(39), chr(39) * 2)}')"
        assert ws.sql_scalar(constant, properties[:1]) == value


def test_prop_of_a_database_stays_its_own(tmp_path: Path) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE MACRO prop(a, b) AS 'theirs'")

    with Workspace.open(path) as ws:
        assert ws.sql_scalar("SELECT prop('{}'::JSON, 'a')") == "theirs"
        assert ws.relation("SELECT 5 AS n").limit(1).fetchall() == [(5,)]


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("properties->>'$browser'", "$browser"),
        ("properties->'$os version'", "$os version"),
        ("json_extract(properties, '$it''s')", "$it''s"),
        ("'$x', properties->>'$city'", "$city"),
    ],
)
def test_the_error_of_a_name_with_a_dollar_says_what_to_write(
    expression: str, name: str, storage: StorageEngine
) -> None:
    with pytest.raises(QueryError) as caught:
        storage.execute_rows(f"SELECT {expression} FROM (SELECT '{{}}'::JSON AS properties)")

    wanted = f"a name that starts with $ is a path in DuckDB: use prop(properties, '{name}')."
    assert wanted in str(caught.value)
