"""The copy of the catalog's ledger in the data folder, which planning, status and reports read."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg.expressions import In
from pyiceberg.table import Table

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import make_private
from mixpanel_data._internal.sql.ledger_columns import REJECTED_TYPES
from mixpanel_data.destinations.iceberg import ledger
from mixpanel_data.destinations.iceberg.catalog import LOADS, Lake
from mixpanel_data.sources import schema

_LOAD = ledger.COLUMNS.index("load_id")
_TABLE = ledger.COLUMNS.index("table_name")
_DAY = ledger.COLUMNS.index("window_start")


def write_ledger_copy(lake: Lake, folder: DataFolder) -> None:
    """Replace the copy by what the catalog has now.

    Of events it has only the names, and of user profiles only as many rows as there are. A reader
    that has the former file open keeps it.

    Raises:
        StorageError: if the catalog can't be reached.
    """
    folder.create()
    rows = ledger.read_ledger_rows(lake)
    new = folder.build / f"ledger-{os.getpid()}.duckdb"
    new.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(new)) as connection:
            create_raw_tables(connection)
            ledger.insert_rows(connection, rows)
            for name in (schema.REJECTED, schema.GROUP_PROFILES):
                ledger.insert_table(connection, name, _committed(lake.table(name), rows, name))
            users = _total(lake.table(schema.PROFILES))
            connection.execute(
                f"INSERT INTO {schema.PROFILES} (distinct_id) SELECT range FROM range({users})"
            )
            _insert_event_names(connection, lake, folder.raw, rows)
        make_private(new)
        new.replace(folder.raw)
    finally:
        new.unlink(missing_ok=True)


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the empty raw tables in a schema ``mixpanel``, and make it the current one."""
    connection.execute("CREATE SCHEMA mixpanel")
    connection.execute("USE mixpanel")
    for name, columns in schema.RAW_TABLES.items():
        types = ", ".join(
            f"{column} {_DUCKDB_TYPES[str(hints['data_type'])]}"
            for column, hints in columns.items()
        )
        connection.execute(f"CREATE TABLE {name} ({types})")
    connection.execute(f"CREATE TABLE {schema.LEDGER} ({ledger.definitions()})")
    connection.execute(f"CREATE TABLE {LOADS} (load_id VARCHAR, status BIGINT)")


_DUCKDB_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


def _committed(table: Table, rows: Sequence[ledger.Row], name: str) -> pa.Table:
    """Return the rows of a table whose loads are in the ledger, and of rejected lines those that no
    later load replaced."""
    found = table.scan().to_arrow()
    with duckdb.connect() as connection:
        connection.register("found", found)
        connection.execute(f"CREATE TABLE {schema.LEDGER} ({ledger.definitions()})")
        connection.execute(f"CREATE TABLE {LOADS} (load_id VARCHAR, status BIGINT)")
        ledger.insert_rows(connection, rows)
        kept = f"SELECT * FROM found WHERE load_id IN (SELECT load_id FROM {LOADS})"
        if name == schema.REJECTED:
            kept += f" AND (table_name <> 'events' OR {_IS_CURRENT})"
        return connection.sql(kept).to_arrow_table()


# A rejected line of events stays while its load is the newest of any day of its window.
_IS_CURRENT = f"""
    EXISTS (
        FROM (
            SELECT window_start AS day, arg_max(load_id, load_number) AS newest
            FROM {schema.LEDGER} WHERE table_name = 'events' GROUP BY day
        ) AS days
        WHERE days.newest = found.load_id
            AND days.day BETWEEN found.window_start AND found.window_end
    )
"""


def committed_rejects(lake: Lake, rows: Sequence[ledger.Row]) -> pa.Table:
    """Return the rejected lines that count."""
    columns = list(REJECTED_TYPES)
    return _committed(lake.table(schema.REJECTED), rows, schema.REJECTED).select(columns)


def _total(table: Table) -> int:
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None
    return int(summary["total-records"] or 0) if summary else 0


def _insert_event_names(
    connection: duckdb.DuckDBPyConnection, lake: Lake, former: Path, rows: Sequence[ledger.Row]
) -> None:
    """Insert the names of all events, once each: those of the former copy, and those of the days
    that were loaded since."""
    names: set[str] = set()
    known: set[str] = set()
    if former.is_file():
        with duckdb.connect(str(former), read_only=True) as copy:
            names |= {
                name for (name,) in copy.execute("SELECT event FROM mixpanel.events").fetchall()
            }
            known |= {
                load for (load,) in copy.execute(f"SELECT load_id FROM mixpanel.{LOADS}").fetchall()
            }
    days = {row[_DAY] for row in rows if row[_TABLE] == schema.EVENTS and row[_LOAD] not in known}
    if days:
        names |= _names_of_days(lake.table(schema.EVENTS), days)
    connection.execute(
        f"INSERT INTO {schema.EVENTS} (event) SELECT unnest($names::VARCHAR[])",
        {"names": sorted(names)},
    )


def _names_of_days(table: Table, days: set[date]) -> set[str]:
    found: set[str] = set()
    scan = table.scan(In("day", days), selected_fields=("event",))
    for batch in scan.to_arrow_batch_reader():
        found |= set(batch.column(0).unique().to_pylist())
    return found
