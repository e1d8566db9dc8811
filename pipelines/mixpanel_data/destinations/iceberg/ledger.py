"""The ledger of the Iceberg tables: the summaries of their snapshots, and ``_metadata``, which is
written from them."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.table import Table

from mixpanel_data._internal.sql.ledger_columns import LEDGER_TYPES
from mixpanel_data.destinations.iceberg.catalog import (
    LOADS,
    Lake,
    expire_old_snapshots,
    translate_iceberg_errors,
)
from mixpanel_data.exceptions import DatabaseLockedError
from mixpanel_data.sources import schema

SUMMARY = "mixpanel.ledger"
"""The key of the ledger rows in a snapshot's summary."""

COLUMNS = (*LEDGER_TYPES, "_dlt_load_id", "_dlt_id")
LEDGER_TABLES = (schema.EVENTS, schema.PROFILES, schema.GROUP_PROFILES)
"""The tables whose snapshots carry ledger rows."""

_ATTEMPTS = 5

Row = tuple[Any, ...]

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
_ARROW = pa.schema([(name, _ARROW_TYPES[LEDGER_TYPES.get(name, "VARCHAR")]) for name in COLUMNS])


def summary_of(rows: Sequence[Row]) -> dict[str, str]:
    """Return the properties of a snapshot that carries these ledger rows, in the order of
    ``COLUMNS``. A column with one value for all rows is written once."""
    shared = {
        name: _to_json(rows[0][number])
        for number, name in enumerate(COLUMNS)
        if len({row[number] for row in rows}) == 1
    }
    others = [name for name in COLUMNS if name not in shared]
    values = [
        [_to_json(value) for name, value in zip(COLUMNS, row, strict=True) if name not in shared]
        for row in rows
    ]
    content = {"shared": shared, "columns": others, "rows": values}
    return {SUMMARY: json.dumps(content, separators=(",", ":"))}


def rows_of(summary: str) -> list[Row]:
    """Return the ledger rows that :func:`summary_of` wrote."""
    content = json.loads(summary)
    found = (
        content["shared"] | dict(zip(content["columns"], row, strict=True))
        for row in content["rows"]
    )
    return [tuple(_from_json(name, row.get(name)) for name in COLUMNS) for row in found]


def read_summaries(table: Table) -> list[Row]:
    """Return the ledger rows of all snapshots of a table; of each row once."""
    found: dict[str, Row] = {}
    for snapshot in table.metadata.snapshots:
        text = snapshot.summary.additional_properties.get(SUMMARY) if snapshot.summary else None
        for row in rows_of(text) if text else ():
            found[row[-1]] = row
    return list(found.values())


def read_ledger_rows(lake: Lake) -> list[Row]:
    """Return all ledger rows: those in summaries, and those in ``_metadata`` of snapshots that have
    expired."""
    rows = {row[-1]: row for row in _read_table(lake)}
    for name in LEDGER_TABLES:
        rows |= {row[-1]: row for row in read_summaries(lake.table(name))}
    return list(rows.values())


def write_ledger_table(lake: Lake) -> list[Row]:
    """Add what is missing to ``_metadata`` and the table of loads; return all ledger rows.

    Another process may do the same at the same time: then the rows are read once more.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _write_ledger_table(lake)
        except DatabaseLockedError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _write_ledger_table(lake: Lake) -> list[Row]:
    ledger, loads = lake.table(schema.LEDGER), lake.table(LOADS)
    known = {row[-1] for row in _rows(ledger)}
    rows = read_ledger_rows(lake)
    there = set(loads.scan().to_arrow()["load_id"].to_pylist())
    if missing := [row for row in rows if row[-1] not in known]:
        with translate_iceberg_errors():
            ledger.append(as_arrow(missing))
    if ids := loads_in(rows) - there:
        with translate_iceberg_errors():
            loads.append(_loads(ids))
    return rows


def expire_snapshots(lake: Lake, now: datetime) -> None:
    """Remove old snapshots of raw tables, once ``_metadata`` has their ledger rows."""
    write_ledger_table(lake)
    for name in (*LEDGER_TABLES, schema.LEDGER, LOADS, schema.REJECTED):
        expire_old_snapshots(lake.table(name), now)


def _read_table(lake: Lake) -> list[Row]:
    return _rows(lake.table(schema.LEDGER))


def _rows(ledger: Table) -> list[Row]:
    found = ledger.scan().to_arrow().select(list(COLUMNS)).to_pylist()
    return [tuple(row.values()) for row in found]


def insert_rows(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    """Append ledger rows to ``_metadata`` of a database, and their loads to its table of loads."""
    for table, content in ((schema.LEDGER, as_arrow(rows)), (LOADS, _loads(loads_in(rows)))):
        insert_table(connection, table, content)


def insert_table(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Insert Arrow rows into a table, by the names of their columns."""
    connection.register("arrived_rows", rows)
    connection.execute(f"INSERT INTO {name} BY NAME FROM arrived_rows")
    connection.unregister("arrived_rows")


def loads_in(rows: Iterable[Row]) -> set[str]:
    """Return the ids of the loads that wrote these rows."""
    return {row[COLUMNS.index("load_id")] for row in rows}


def as_arrow(rows: Sequence[Row]) -> pa.Table:
    """Return ledger rows as an Arrow table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    return pa.table(
        [pa.array(values, type) for values, type in zip(columns, _ARROW.types, strict=True)],
        schema=_ARROW,
    )


def _loads(ids: Iterable[str]) -> pa.Table:
    listed = sorted(ids)
    statuses = pa.array([0] * len(listed), pa.int64())
    return pa.table({"load_id": pa.array(listed, pa.string()), "status": statuses})


def definitions() -> str:
    """Return the columns of ``_metadata`` with DuckDB's types."""
    types = {**LEDGER_TYPES, "_dlt_load_id": "VARCHAR", "_dlt_id": "VARCHAR"}
    return ", ".join(f"{name} {kind}" for name, kind in types.items())


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _from_json(name: str, value: Any) -> Any:
    kind = LEDGER_TYPES.get(name)
    if value is None or kind not in ("DATE", "TIMESTAMP"):
        return value
    return date.fromisoformat(value) if kind == "DATE" else datetime.fromisoformat(value)
