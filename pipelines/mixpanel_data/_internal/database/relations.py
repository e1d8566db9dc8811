"""Queries as DuckDB's relations, whose rows stream into Arrow without a copy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.queries import (
    Parameters,
    require_one_statement,
    require_reading,
)
from mixpanel_data.exceptions import QueryError
from mixpanel_data.types._dataframes import require_polars
from mixpanel_data.types.rows import unique_names

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def create_relation(
    cursor: Connection, sql: str, parameters: Parameters, *, only_reads: bool
) -> duckdb.DuckDBPyRelation:
    """Return the relation of ``sql``, which has to be one statement.

    Raises:
        QueryError: if there is not one statement, or, with ``only_reads``, it does anything but
            read.
        duckdb.Error: if DuckDB rejects it.
    """
    statement = require_one_statement(cursor, sql)
    if only_reads:
        require_reading(statement, sql)
    relation: duckdb.DuckDBPyRelation | None = cursor.sql(sql, params=parameters)
    if relation is None:
        raise QueryError("The SQL has no result.", details={"sql": sql})
    return relation


def arrow_table(relation: duckdb.DuckDBPyRelation) -> "pa.Table":
    """Return the rows of a relation as an Arrow table; repeated names get a number."""
    table: pa.Table = relation.to_arrow_table()
    return table.rename_columns(unique_names(table.column_names))


def read_batches(relation: duckdb.DuckDBPyRelation, rows: int) -> Iterator["pa.RecordBatch"]:
    """Run a relation, and yield its batches of up to ``rows`` rows.

    Raises:
        duckdb.Error: if the query fails.
    """
    reader = relation.to_arrow_reader(rows)
    names = unique_names(reader.schema.names)
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except OSError as error:  # what Arrow raises for any failure of the query
            raise duckdb.Error(str(error)) from None
        yield batch.rename_columns(names)


def polars_frame(relation: duckdb.DuckDBPyRelation, sql: str) -> "pl.DataFrame":
    """Return the rows of a relation as a polars DataFrame; repeated names get a number.

    Raises:
        QueryError: if a column is an INTERVAL, which polars can't read.
    """
    types = zip(relation.columns, map(str, relation.types), strict=True)
    if intervals := [name for name, type_ in types if "INTERVAL" in type_]:
        raise QueryError(
            f"polars has no type for the INTERVAL in the column {intervals[0]!r}: select "
            "epoch_ms() of it, or request an Arrow table.",
            details={"sql": sql},
        )
    # By way of pyarrow: without it, each process prints a warning of leaks at its end.
    frame: pl.DataFrame = require_polars().from_arrow(arrow_table(relation))
    return frame
