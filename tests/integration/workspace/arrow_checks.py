"""Results in Arrow and polars. test_arrow.py runs them in a process that finds both libraries."""

import resource
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.pages import blocks

from mixpanel_data.exceptions import ConfigError, QueryError
from mixpanel_data.types import (
    ActivityFeedResult,
    FetchResult,
    JQLResult,
    SegmentationResult,
    UserEvent,
)
from mixpanel_data.types.rows import Rows
from mixpanel_data.workspace import Workspace

from .conftest import FIRST, LAST, publish

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
COUNTS = {"Paid": {"2024-01-01": 3, "2024-01-02": 0}}


# -- results of Mixpanel's reports


def test_a_result_has_the_columns_of_its_data_frame() -> None:
    result = SegmentationResult("Paid", "2024-01-01", "2024-01-02", "day", None, 3, COUNTS)

    assert result.arrow().to_pylist() == result.records()
    assert result.pl().to_dicts() == result.records()
    assert result.arrow().schema.types == [pa.string(), pa.string(), pa.int64()]


def test_objects_become_json_texts_and_times_stay_times() -> None:
    event = UserEvent("Paid", NOW, "u1", {"plan": "pro", "items": [1, None]})
    result = ActivityFeedResult(["u1"], "2024-01-01", "2024-01-02", [event])

    expected = {
        "event": "Paid",
        "time": NOW,
        "distinct_id": "u1",
        "properties": '{"plan": "pro", "items": [1, null]}',
    }
    assert result.arrow().to_pylist() == [expected]
    assert result.pl().to_dicts() == [expected]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([1, "a", None], ["1", '"a"', None]),
        ([True, 1], ["true", "1"]),
        ([2**63, 1], [str(2**63), "1"]),
        ([2**53 + 1, 0.5], [str(2**53 + 1), "0.5"]),
        ([[1], [2]], ["[1]", "[2]"]),
        ([{"ä": 1}], ['{"ä": 1}']),
        (["a\ud800b"], ["a\ufffdb"]),
        ([["a\ud800"]], ['["a\ufffd"]']),
        ([None, None], [None, None]),
        ([], []),
    ],
)
def test_a_column_has_values_of_one_type(values: list[Any], expected: list[Any]) -> None:
    result = JQLResult([{"x": value} for value in values])
    name = "x" if values else "value"

    assert result.arrow()[name].to_pylist() == expected
    assert result.pl()[name].to_list() == expected


def test_a_key_that_some_objects_lack_is_null_there() -> None:
    assert JQLResult([{"a": 1}, {"b": 2}]).pl().to_dicts() == [
        {"a": 1, "b": None},
        {"a": None, "b": 2},
    ]


def test_rows_convert_with_numbered_names() -> None:
    rows = Rows([(1, Decimal("1.5"), date(2024, 1, 1))], ["n", "n", "day"])

    expected = [{"n": 1, "n_1": Decimal("1.5"), "day": date(2024, 1, 1)}]
    assert rows.arrow().to_pylist() == expected
    assert rows.pl().to_dicts() == expected


def test_rows_of_a_result_created_by_hand() -> None:
    result = FetchResult("t", 2, "events", 0.1, None, NOW, _data=[{"a": 1}, {"a": 2}])

    assert result.arrow().to_pylist() == result.pl().to_dicts() == [{"a": 1}, {"a": 2}]


# -- SQL


def test_sql_keeps_the_types_of_duckdb(data) -> None:
    publish(data, 1)
    query = (
        "SELECT $n::DECIMAL(5, 2) AS price, DATE '2024-01-01' AS day, [1, 2] AS list, "
        "{'a': 1} AS object, '{\"b\":1}'::JSON AS json, TIMESTAMP '2024-01-01 10:00:00' AS time FROM events"
    )
    expected = {
        "price": Decimal("2.00"),
        "day": date(2024, 1, 1),
        "list": [1, 2],
        "object": {"a": 1},
        "json": '{"b":1}',
        "time": datetime(2024, 1, 1, 10),
    }

    with Workspace() as workspace:
        arrow, frame = workspace.sql_arrow(query, {"n": 2}), workspace.sql_pl(query, {"n": 2})

    assert arrow.to_pylist() == [expected]
    assert arrow.schema.field("price").type == pa.decimal128(5, 2)
    assert frame.to_dicts() == [expected]
    assert frame.schema["price"] == polars.Decimal(5, 2)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 AS n, INTERVAL 1 DAY AS long", "INTERVAL in the column 'long'"),
        ("SELECT [INTERVAL 1 DAY] AS long", "INTERVAL in the column 'long'"),
        ("SELECT nope", "nope"),
        ("SELECT error('faulty')", "faulty"),
        ("", "no statement"),
    ],
)
def test_what_polars_can_not_read_is_an_error_that_says_why(data, query, message) -> None:
    with Workspace() as workspace, pytest.raises(QueryError, match=message):
        workspace.sql_pl(query)


def test_sql_reads_a_property_by_the_macro_of_the_published_file(data) -> None:
    publish(data, 1)
    with duckdb.connect(str(data / "mixpanel.duckdb")) as published:
        published.execute("CREATE MACRO prop(properties, name) AS properties ->> name")
    query = "SELECT prop('{\"plan\": \"pro\"}'::JSON, 'plan') AS plan FROM events"
    with Workspace() as workspace:
        assert workspace.sql_arrow(query).to_pylist() == [{"plan": "pro"}]
        assert workspace.sql_pl(query).to_dicts() == [{"plan": "pro"}]
        assert next(workspace.sql_batches(query)).to_pylist() == [{"plan": "pro"}]
        assert workspace.relation(query).fetchall() == [("pro",)]


def test_repeated_names_get_a_number(data) -> None:
    query, names = "SELECT 1 AS a, 2 AS a", ["a", "a_1"]
    with Workspace() as workspace:
        assert workspace.sql_arrow(query).column_names == names
        assert workspace.sql_pl(query).columns == names
        assert next(workspace.sql_batches(query)).column_names == names


@pytest.mark.parametrize("query", ["SELECT nope", "SELECT error('faulty')", "  "])
def test_sql_that_fails_is_the_same_error_everywhere(data, query) -> None:
    with Workspace() as workspace:
        with pytest.raises(QueryError):
            workspace.sql_arrow(query)
        with pytest.raises(QueryError):
            next(workspace.sql_batches(query))


def test_a_query_that_fails_in_the_middle_is_an_error_there(data) -> None:
    query = (
        "SELECT CASE WHEN range = 900000 THEN error('faulty') ELSE range END FROM range(1000000)"
    )
    with Workspace() as workspace, pytest.raises(QueryError, match="faulty"):
        for _ in workspace.sql_batches(query, rows=1000):
            pass


def test_batches_have_all_rows_in_bounded_memory(data) -> None:
    rows, width = 2_000_000, 200
    with Workspace() as workspace:
        workspace.sql_scalar("SELECT count(*) FROM range(1000000)")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        total, largest = 0, 0
        for batch in workspace.sql_batches(
            f"SELECT range AS n, repeat('x', {width}) AS text FROM range({rows})", rows=10_000
        ):
            total += batch.num_rows
            largest = max(largest, batch.num_rows)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert (total, largest) == (rows, 10_000)
    assert (after - before) * 1024 < rows * width / 2


def test_a_batch_has_at_least_a_row(data) -> None:
    with Workspace() as workspace, pytest.raises(ConfigError, match="at least 1 row, not 0"):
        workspace.sql_batches("SELECT 1", rows=0)


def test_while_batches_are_read_other_queries_run_and_a_fetch_is_refused(data, client) -> None:
    publish(data, 1)
    with Workspace(_api_client=client) as workspace:
        batches = workspace.sql_batches("SELECT * FROM range(100000)", rows=10)
        assert next(batches).num_rows == 10
        assert workspace.sql_scalar("SELECT number FROM events") == 1
        for change in (lambda: workspace.fetch_events(FIRST, FIRST), workspace.sync):
            with pytest.raises(ConfigError, match="still being read"):
                change()
        batches.close()

        assert workspace.fetch_events(FIRST, FIRST).rows > 0


# -- fetches


def test_a_fetch_reads_its_rows_as_each_library(workspace) -> None:
    result = workspace.fetch_events(FIRST, LAST)

    assert result.arrow().num_rows == result.pl().height == len(result.df) == result.rows
    assert result.arrow().schema.field("time").type == pa.timestamp("us")
    assert result.pl().schema["time"] == polars.Datetime("us")


# -- documentation


def test_the_code_of_the_page_on_data_frames_runs(data, monkeypatch, capsys) -> None:
    monkeypatch.chdir(data)
    with duckdb.connect("mixpanel.duckdb") as published:
        published.execute(
            "CREATE TABLE events AS SELECT 'Purchase' AS event, DATE '2026-01-01' AS event_date, "
            "TIMESTAMP '2026-01-01 10:00:00' AS time, 'u1' AS user_id"
        )
    page = Path(__file__).parents[3] / "docs" / "how-to" / "dataframes.md"
    names: dict[str, Any] = {}

    for block in blocks(page.read_text("utf-8")):
        if block.language == "python":
            exec(block.body, names)  # noqa: S102 - our own page

    assert capsys.readouterr().out == "[(datetime.date(2026, 1, 1), 1)]\n1\n"
    assert pq.read_table("events.parquet").num_rows == 1
