"""What is in the tables."""

from typing import TYPE_CHECKING, Any

from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data._internal.storage import Rows, StorageEngine
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import TableInfo, TableSchema

if TYPE_CHECKING:
    import pandas as pd

_PROPERTY = "properties."


class Tables:
    """SQL over the tables, and what one wants to know of a table first. All raise QueryError for
    SQL that can't be run."""

    storage: StorageEngine

    def sql(self, query: str, parameters: Any = None) -> "pd.DataFrame":
        """The answer to ``query``, in DuckDB's dialect, as a pandas DataFrame. ``parameters``: a
        list for ``?``, a dict for ``$name``."""
        return self.storage.execute_df(query, parameters)

    def sql_scalar(self, query: str, parameters: Any = None) -> Any:
        """The first value of the first row; None when there is no row."""
        return self.storage.execute_scalar(query, parameters)

    def sql_rows(self, query: str, parameters: Any = None) -> Rows:
        """The answer as a list of tuples, whose ``columns`` are the names. Needs no pandas."""
        return self.storage.execute_rows(query, parameters)

    def tables(self) -> list[TableInfo]:
        """Every table and view by name, with the number of its rows."""
        return self.storage.list_tables()

    def schema(self, table: str) -> TableSchema:
        """The columns of a table. Raises TableNotFoundError, as all that take a table."""
        return self.storage.get_schema(table)

    def drop(self, table: str) -> None:
        """Removes a fetched table. What is published can't be removed."""
        self.storage.drop(table)

    def sample(self, table: str, rows: int = 10, *, seed: int | None = None) -> Rows:
        """``rows`` rows taken at random; the same ones for the same ``seed`` while the table is the
        same."""
        repeatable = "" if seed is None else f" REPEATABLE ({int(seed)})"
        return self.sql_rows(
            f"SELECT * FROM {self._known(table)} USING SAMPLE reservoir({int(rows)} ROWS){repeatable}"
        )

    def summarize(self, table: str) -> Rows:
        """A row for each column: type, smallest and greatest value, distinct values (about), mean,
        quartiles, nulls in percent."""
        return self.sql_rows(
            "SELECT column_name, column_type, left(min, 100) AS min, left(max, 100) AS max, approx_unique, "
            f"avg, std, q25, q50, q75, count, null_percentage FROM (SUMMARIZE {self._known(table)})"
        )

    def column_stats(self, table: str, column: str, *, top: int = 10) -> dict[str, Any]:
        """One column: ``count`` of values, ``nulls``, ``distinct`` values, ``min``, ``max`` and the
        ``top`` most common ones.

        ``properties.NAME`` looks into the property NAME, whatever characters it has; its values are
        texts.
        """
        value = self._value(table, column)
        source = f"(SELECT {value} AS value FROM {self._known(table)})"
        found = self.sql_rows(
            "SELECT any_value(typeof(value)), count(value), count(*) - count(value), count(DISTINCT value), "
            f"min(value), max(value) FROM {source}"
        )[0]
        common = self.sql_rows(
            f"SELECT value, count(*) AS count FROM {source} WHERE value IS NOT NULL "
            f"GROUP BY value ORDER BY count DESC, value LIMIT {int(top)}"
        )
        names = ("type", "count", "nulls", "distinct", "min", "max")
        return {"column": column, **dict(zip(names, found, strict=True)), "top": common.to_dicts()}

    def event_breakdown(self, table: str = "events") -> Rows:
        """A row for each event name: its count, users, first and last time (UTC), share of all
        events; most common first.

        Users are counted as in the models' tables, once by identity, where the table has `user_id`.
        In tables that were fetched they are the different ids.
        """
        names = [item.name for item in self.storage.get_schema(table).columns]
        user = "user_id" if "user_id" in names else "nullif(distinct_id, '')"
        return self.sql_rows(
            f"SELECT event, count(*) AS count, count(DISTINCT {user}) AS users, min(time) AS first, "
            "max(time) AS last, count(*) / sum(count(*)) OVER () AS share "
            f"FROM {self._known(table)} GROUP BY event ORDER BY count DESC, event"
        )

    def property_keys(self, table: str = "events", event: str | None = None) -> Rows:
        """A row for each property of a table's rows, or of one event's: how many rows have it, and
        their share."""
        condition = "" if event is None else f"WHERE event = {literal(event)}"
        source = f"(SELECT properties FROM {self._known(table)} {condition})"
        return self.sql_rows(
            f"SELECT key, count(*) AS count, count(*) / (SELECT count(*) FROM {source}) AS share "
            f"FROM (SELECT unnest(json_keys(properties)) AS key FROM {source}) "
            "GROUP BY key ORDER BY count DESC, key"
        )

    def _known(self, table: str) -> str:
        return identifier(self.storage.get_schema(table).table_name)

    def _value(self, table: str, column: str) -> str:
        names = [item.name for item in self.storage.get_schema(table).columns]
        if column in names:
            return identifier(column)
        if column.startswith(_PROPERTY) and "properties" in names:
            return f"json_extract_string(properties, {literal(_pointer(column))})"
        raise ConfigError(
            f"{table} has no column '{column}'. It has {', '.join(names)}; a property is properties.NAME."
        )


def _pointer(column: str) -> str:
    """The JSON pointer of ``properties.NAME``: paths can't name every property."""
    name = column.removeprefix(_PROPERTY)
    return "/" + name.replace("~", "~0").replace("/", "~1")
