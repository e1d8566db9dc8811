"""SQL over the tables, and their descriptions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data._internal.storage import Rows, StorageEngine
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import TableInfo, TableSchema

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_PROPERTY = "properties."


class Tables:
    """SQL over the tables, and their descriptions. Times are UTC.

    Raises:
        QueryError: from each method, if SQL can't be run.
        TableNotFoundError: from each method with a table, if there is no table of its name.
        DatabaseDamagedError: from each method, if it reads a damaged part of a file.
    """

    storage: StorageEngine

    def sql(
        self,
        query: str,
        parameters: Any = None,
        *,
        max_rows: int | None = None,
        timeout: float | None = None,
    ) -> "pd.DataFrame":
        """Run one statement in DuckDB's dialect, and return a pandas DataFrame.

        ``time`` and other timestamps of the tables are UTC, without a zone.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.
            max_rows: The most rows of the result; its ``attrs["truncated"]`` says whether there are
                more.
            timeout: Seconds after which the query is interrupted.

        Raises:
            QueryError: if there is not one statement, or DuckDB rejects it.
            QueryTimeoutError: if the query was interrupted.
            ConfigError: if pandas is not installed: ``pip install 'mixpanel-data[pandas]'``;
                :meth:`sql_rows` works without it.
        """
        return self.storage.execute_df(query, parameters, max_rows=max_rows, timeout=timeout)

    def sql_scalar(
        self, query: str, parameters: Any = None, *, timeout: float | None = None
    ) -> Any:
        """Return the first value of the first row; None if there is no row.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.
            timeout: Seconds after which the query is interrupted.

        Raises:
            QueryError: if there is not one statement, or DuckDB rejects it.
            QueryTimeoutError: if the query was interrupted.
        """
        return self.storage.execute_scalar(query, parameters, timeout=timeout)

    def sql_rows(
        self,
        query: str,
        parameters: Any = None,
        *,
        max_rows: int | None = None,
        timeout: float | None = None,
    ) -> Rows:
        """Return the result as a list of tuples, with the column names in ``columns``. Needs no
        pandas.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.
            max_rows: The most rows of the result; its ``truncated`` says whether there are more.
            timeout: Seconds after which the query is interrupted.

        Raises:
            QueryError: if there is not one statement, or DuckDB rejects it.
            QueryTimeoutError: if the query was interrupted.
        """
        return self.storage.execute_rows(query, parameters, max_rows=max_rows, timeout=timeout)

    def sql_arrow(self, query: str, parameters: Any = None) -> "pa.Table":
        """Return the result as a pyarrow Table, with DuckDB's types. JSON columns are texts.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.

        Raises:
            QueryError: if DuckDB rejects the SQL.
            ConfigError: if pyarrow is not installed: ``pip install 'mixpanel-data[arrow]'``.
        """
        return self.storage.execute_arrow(query, parameters)

    def sql_pl(self, query: str, parameters: Any = None) -> "pl.DataFrame":
        """Return the result as a polars DataFrame, with DuckDB's types.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.

        Raises:
            QueryError: if DuckDB rejects the SQL, or a column is an INTERVAL, for which polars has
                no type.
            ConfigError: if polars or pyarrow is not installed:
                ``pip install 'mixpanel-data[polars]'``.
        """
        return self.storage.execute_pl(query, parameters)

    def sql_batches(
        self, query: str, parameters: Any = None, *, rows: int = 100_000
    ) -> Iterator["pa.RecordBatch"]:
        """Yield the result in batches of Arrow, while DuckDB computes it: memory is bounded.

        Nothing runs before the first batch is requested. Until the last one is read, or the
        iterator is closed, this thread can't fetch into the database or sync.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.
            rows: The most rows of a batch.

        Raises:
            QueryError: if DuckDB rejects the SQL; with the first batch.
            ConfigError: if pyarrow is not installed: ``pip install 'mixpanel-data[arrow]'``; or if
                ``rows`` is not positive.
        """
        return self.storage.execute_batches(query, parameters, rows=rows)

    def relation(self, query: str, parameters: Any = None) -> "duckdb.DuckDBPyRelation":
        """Return the query as a relation of DuckDB, to filter, join and aggregate it further.

        It runs each time its rows are requested, and then raises DuckDB's own errors. It can be
        used until the workspace syncs or is closed.

        Args:
            query: The SQL.
            parameters: A list for ``?``, or a dict for ``$name``.

        Raises:
            QueryError: if DuckDB rejects the SQL.
        """
        return self.storage.relation(query, parameters)

    def tables(self) -> list[TableInfo]:
        """Return every table and view by name, with its number of rows.

        Raises:
            QueryError: if a view reads a table that no longer exists.
        """
        return self.storage.list_tables()

    @overload
    def schema(self, table: str) -> TableSchema: ...
    @overload
    def schema(self) -> list[TableSchema]: ...
    def schema(self, table: str | None = None) -> TableSchema | list[TableSchema]:
        """Return the columns of a table, or of all tables, and what their comments say.

        Args:
            table: Name of a table or view. None: all tables.

        Raises:
            TableNotFoundError: if there is no table of this name.
        """
        return self.storage.list_schemas() if table is None else self.storage.get_schema(table)

    def drop(self, table: str) -> None:
        """Drop a fetched table.

        Args:
            table: Name of the table.

        Raises:
            TableNotFoundError: if there is no fetched table of this name; published ones can't be
                dropped.
        """
        self.storage.drop(table)

    def sample(self, table: str, rows: int = 10, *, seed: int | None = None) -> Rows:
        """Return ``rows`` random rows; the same ones for the same ``seed`` while the table is
        unchanged.

        Args:
            table: Name of a table or view.
            rows: The number of rows.
            seed: Any number: the same one selects the same rows.

        Raises:
            TableNotFoundError: if there is no table of this name.
        """
        repeatable = "" if seed is None else f" REPEATABLE ({int(seed)})"
        return self.sql_rows(
            f"SELECT * FROM {self._quoted_name(table)} "
            f"USING SAMPLE reservoir({int(rows)} ROWS){repeatable}"
        )

    def summarize(self, table: str) -> Rows:
        """Return a row for each column: type, smallest and greatest value, approximate number of
        distinct values, mean, quartiles, percentage of nulls.

        Args:
            table: Name of a table or view.

        Raises:
            TableNotFoundError: if there is no table of this name.
        """
        return self.sql_rows(
            # A document of JSON may be megabytes long, and the least and greatest are of no use.
            "SELECT column_name, column_type, left(min, 100) AS min, left(max, 100) AS max, "
            "approx_unique, avg, std, q25, q50, q75, count, null_percentage "
            f"FROM (SUMMARIZE {self._quoted_name(table)})"
        )

    def column_stats(self, table: str, column: str, *, top: int = 10) -> dict[str, Any]:
        """Describe a column: ``count`` of values, ``nulls``, ``distinct``, ``min``, ``max``, and
        ``top``.

        ``top`` has the most common values. ``properties.NAME`` is the property NAME, with any
        characters; its values are texts.

        Args:
            table: Name of a table or view.
            column: Name of a column, or ``properties.NAME``.
            top: The number of most common values.

        Raises:
            ConfigError: if the table has no such column.
            TableNotFoundError: if there is no table of this name.
        """
        value = self._column_sql(table, column)
        source = f"(SELECT {value} AS value FROM {self._quoted_name(table)})"
        found = self.sql_rows(
            "SELECT any_value(typeof(value)), count(value), count(*) - count(value), "
            f"count(DISTINCT value), min(value), max(value) FROM {source}"
        )[0]
        common = self.sql_rows(
            f"SELECT value, count(*) AS count FROM {source} WHERE value IS NOT NULL "
            f"GROUP BY value ORDER BY count DESC, value LIMIT {int(top)}"
        )
        names = ("type", "count", "nulls", "distinct", "min", "max")
        return {"column": column, **dict(zip(names, found, strict=True)), "top": common.to_dicts()}

    def event_breakdown(self, table: str = "events") -> Rows:
        """Return a row for each event name: count, users, first and last time (UTC), share of all
        events.

        The most common one is first. Users are counted by identity, as in the models' tables, if
        the table has `user_id`. In fetched tables they are the distinct ids.

        Args:
            table: Name of a table of events.

        Raises:
            TableNotFoundError: if there is no table of this name.
        """
        names = [item.name for item in self.storage.get_schema(table).columns]
        user = "user_id" if "user_id" in names else "nullif(distinct_id, '')"
        return self.sql_rows(
            f"SELECT event, count(*) AS count, count(DISTINCT {user}) AS users, min(time) AS first, "
            "max(time) AS last, count(*) / sum(count(*)) OVER () AS share "
            f"FROM {self._quoted_name(table)} GROUP BY event ORDER BY count DESC, event"
        )

    def property_keys(self, table: str = "events", event: str | None = None) -> Rows:
        """Return each property of a table's rows, or of one event's, with its number of rows and
        share.

        Args:
            table: Name of a table with a column ``properties``.
            event: Name of the event. None: all.

        Raises:
            TableNotFoundError: if there is no table of this name.
        """
        condition = "" if event is None else f"WHERE event = {literal(event)}"
        source = f"(SELECT properties FROM {self._quoted_name(table)} {condition})"
        return self.sql_rows(
            f"SELECT key, count(*) AS count, count(*) / (SELECT count(*) FROM {source}) AS share "
            f"FROM (SELECT unnest(json_keys(properties)) AS key FROM {source}) "
            "GROUP BY key ORDER BY count DESC, key"
        )

    def _quoted_name(self, table: str) -> str:
        return identifier(self.storage.get_schema(table).table_name)

    def _column_sql(self, table: str, column: str) -> str:
        names = [item.name for item in self.storage.get_schema(table).columns]
        if column in names:
            return identifier(column)
        if column.startswith(_PROPERTY) and "properties" in names:
            return f"json_extract_string(properties, {literal(_pointer(column))})"
        raise ConfigError(
            f"{table} has no column '{column}'. It has {', '.join(names)}; a property is "
            "properties.NAME."
        )


def _pointer(column: str) -> str:
    """Return the JSON pointer of ``properties.NAME``, since JSON paths can't express every name."""
    name = column.removeprefix(_PROPERTY)
    return "/" + name.replace("~", "~0").replace("/", "~1")
