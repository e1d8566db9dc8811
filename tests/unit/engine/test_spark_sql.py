"""DuckDB's SQL as Spark's: what is refused, and what is written. That it means the same is tested in tests/spark."""

import pytest
import sqlglot

from mixpanel_data._internal.engine import spark_sql
from mixpanel_data._internal.engine.spark_sql import SQLGLOT, to_spark
from mixpanel_data._internal.engine.spark_text import SparkSQLError
from mixpanel_data.exceptions import ConfigError


def test_a_function_without_a_rule_is_an_error_that_names_the_model_and_the_function():
    with pytest.raises(
        SparkSQLError, match=r"sessions: no rule translates the function hash to Spark: HASH\(a\)"
    ):
        to_spark("select hash(a) from t", model="sessions")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * exclude (a) from t", "Name the columns"),
        ("select 1 as a union all by name select 2 as a", "Name the columns"),
        ("select x[:3] from t", "Slice"),
        ("select x[place] from t", "Use list_extract"),
        ("select timezone('UTC', t) from t", "only a zone of a time in another zone"),
        (
            "with recursive r as (select 1 as n union all select n + 1 from r) select * from r",
            "no recursion",
        ),
        ("select (a / b)::bigint from t", "cut or rounded"),
        ("select row_number() over (partition by a) from t", "without an order"),
        ("select list(a order by b) from t", "list_sort"),
        ("select list_sort(a, 'desc') from t", "ascending"),
        ("select regexp_replace(a, 'b', 'c') from t", "replaces all matches"),
        ("select regexp_full_match(a, b) from t", "is a literal"),
        ("select date_diff('week', a, b) from t", "days and months"),
        ("select a from t asof join s on t.a >= s.a and t.b >= s.b", "one inequality"),
        ("select json_extract_string(p, '$.a') from t", "JSON pointer"),
        ("select json_extract(p, '$.a') from t", "of paths only"),
        ("select a::interval from t", "the type interval"),
        ("select from", "can't translate"),
    ],
)
def test_what_would_mean_something_else_on_spark_is_refused(sql: str, message: str):
    with pytest.raises(SparkSQLError, match=message) as caught:
        to_spark(sql, model="mine")

    assert caught.value.message.startswith("mine: ")
    assert caught.value.details == {"model": "mine"}


def test_another_version_of_sqlglot_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spark_sql, "version", lambda _: "30.30.0")

    with pytest.raises(ConfigError, match=f"needs sqlglot {SQLGLOT}, and 30.30.0 is installed"):
        to_spark("select 1 as a", model="mine")


def test_tables_are_renamed_and_those_of_the_query_are_not():
    found = to_spark(
        'with mine as (select * from "dbt"."main"."events") select * from mine',
        model="mine",
        tables=lambda table: sqlglot.exp.table_(table.name, db="mx"),
    )

    assert found == "WITH mine AS (SELECT * FROM mx.events) SELECT * FROM mine"
