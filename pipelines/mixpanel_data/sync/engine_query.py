"""Queries of the published tables on Spark."""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from mixpanel_data._internal.engine.apart import run_apart
from mixpanel_data._internal.engine.session import CATALOG, session_settings
from mixpanel_data._internal.engine.spark_sql import to_spark
from mixpanel_data._internal.settings import Settings
from mixpanel_data.destinations.iceberg.catalog import open_lake, translate_iceberg_errors
from mixpanel_data.destinations.iceberg.publication import BUILD, TAG
from mixpanel_data.exceptions import (
    NothingPublishedError,
    QueryError,
    QueryTimeoutError,
)
from mixpanel_data.types.rows import Rows


def query_on_spark(
    settings: Settings, sql: str, *, max_rows: int | None, timeout: float | None
) -> Rows:
    """Run a query in DuckDB's SQL on Spark, over the tables that were published last.

    Raises:
        ConfigError: if there is no Spark session, or Spark refuses the query.
        NothingPublishedError: if nothing was published yet.
        QueryError: if ``sql`` is not one query.
        MixpanelDataError: if a function of it has no translation.
        QueryTimeoutError: if its rows are not there after ``timeout`` seconds.
        StorageError: if the catalog can't be reached.
    """
    _require_query(sql)
    translated = to_spark(sql, model="The query")
    views = _published_tables(settings)
    task = {"sql": translated, "views": views, "limit": None if max_rows is None else max_rows + 1}
    made = session_settings(str(settings.catalog), str(settings.warehouse))
    try:
        found = run_apart(made, task, timeout)
    except TimeoutError:
        raise QueryTimeoutError(timeout or 0, sql) from None
    rows = [tuple(row) for row in found["rows"]]
    return Rows(
        rows[:max_rows],
        found["columns"],
        types=found["types"],
        truncated=max_rows is not None and len(rows) > max_rows,
    )


def _require_query(sql: str) -> None:
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise QueryError(f"This is not SQL that sqlglot can parse: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryError("On Spark, mp runs one query: a SELECT, or a WITH before one.")


def _published_tables(settings: Settings) -> dict[str, str]:
    """Return the query of each table at its tag, by its name."""
    lake = open_lake(settings)
    with translate_iceberg_errors():
        has_tables = lake.catalog.namespace_exists(BUILD)
        names = [name for _, name in lake.catalog.list_tables(BUILD)] if has_tables else []
        tagged = [
            name for name in names if TAG in lake.catalog.load_table((BUILD, name)).metadata.refs
        ]
    if not tagged:
        raise NothingPublishedError(str(settings.folder.root))
    return {
        name: f"select * from {CATALOG}.{BUILD}.`{name}` version as of '{TAG}'" for name in tagged
    }
