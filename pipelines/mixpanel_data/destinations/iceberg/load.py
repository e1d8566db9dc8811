"""Loads verified files into the Iceberg tables: DuckDB reads them, and one commit a table replaces
what they are about."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, In
from pyiceberg.table import Table

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.sql.events import local_date_of
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.destinations.iceberg import ledger
from mixpanel_data.destinations.iceberg.catalog import TABLES, Lake, translate_iceberg_errors
from mixpanel_data.destinations.iceberg.ledger_copy import (
    committed_rejects,
    create_raw_tables,
    write_ledger_copy,
)
from mixpanel_data.destinations.replace_job import replace_readable
from mixpanel_data.sources import schema
from mixpanel_data.sources.manifest import Manifest, PackedFile, file_fingerprint

_HISTORIES = {
    schema.PROFILES: schema.PROFILES_HISTORY,
    schema.GROUP_PROFILES: schema.GROUP_PROFILES_HISTORY,
}


def load(
    lake: Lake,
    folder: DataFolder,
    project: Project,
    landed: Sequence[Landed],
    *,
    memory_limit: str | None = None,
) -> str:
    """Load ``landed``, with one commit for each of events, profiles and group profiles; return the
    id of the load.

    The copy of the ledger in the data folder shows afterwards what was loaded: unreadable files are
    left out. The rows of a package are held in memory once.

    Raises:
        DatabaseLockedError: if another process loaded into the same table at the same time. What
            was committed before is kept, and is in the ledger.
        duckdb.Error, OSError, StorageError: if the machine refused, or the catalog can't be
            reached.
    """
    # As dlt's ids: the time, and greater for a later load of this machine.
    load_id = f"{time.time():.7f}"
    packed = [PackedFile(file_fingerprint(file.path), file) for file in landed]
    files = {each.fingerprint: each.landed.path for each in packed}
    manifest = Manifest(project, tuple(packed))
    folder.create()
    for kind in ledger.LEDGER_TABLES:
        if of_kind := manifest.of(kind):
            # Read before the ledger: a commit since then is refused.
            table = lake.table(kind)
            with _workspace(lake, folder, memory_limit) as connection:
                if kind in _HISTORIES:
                    ledger.insert_table(connection, kind, table.scan().to_arrow())
                    history = _HISTORIES[kind]
                    ledger.insert_table(connection, history, lake.table(history).scan().to_arrow())
                replace_readable(connection, kind, manifest, files, of_kind, load_id)
                _commit(lake, table, connection, kind, manifest, load_id)
    clean_up(lake)
    write_ledger_copy(lake, folder)
    return load_id


@contextmanager
def _workspace(
    lake: Lake, folder: DataFolder, memory_limit: str | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a temporary database with the ledger and the rejected lines of the catalog."""
    rows = ledger.read_ledger_rows(lake)
    with tempfile.TemporaryDirectory(dir=folder.build) as scratch:
        limit = memory_limit or MEMORY_LIMIT
        with duckdb.connect(
            str(Path(scratch, "load.duckdb")),
            config={"memory_limit": limit, "preserve_insertion_order": False},
        ) as connection:
            create_raw_tables(connection)
            ledger.insert_rows(connection, rows)
            ledger.insert_table(connection, schema.REJECTED, committed_rejects(lake, rows))
            yield connection


def _commit(
    lake: Lake,
    table: Table,
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    manifest: Manifest,
    load_id: str,
) -> None:
    """Write what the load made of a kind; its ledger rows are in the last commit, which counts."""
    rows = _fetch(connection, schema.LEDGER, ledger.COLUMNS, load_id)
    of_kind = [tuple(row.values()) for row in rows.to_pylist() if row["table_name"] == kind]
    if not of_kind:
        return
    rejects = _fetch(connection, schema.REJECTED, TABLES[schema.REJECTED], load_id)
    _append(lake.table(schema.REJECTED), rejects)
    if kind in _HISTORIES:
        history = _HISTORIES[kind]
        _append(lake.table(history), _fetch(connection, history, TABLES[history], load_id))
        content = connection.sql(_select(kind, TABLES[kind])).to_arrow_table()
        replaced: BooleanExpression = AlwaysTrue()
    else:
        day = ledger.COLUMNS.index("window_start")
        content = _events(connection, manifest, load_id)
        replaced = In("day", {row[day] for row in of_kind})
    replace(table, content, replaced, of_kind)


def replace(
    table: Table, content: pa.Table, replaced: BooleanExpression, rows: Sequence[ledger.Row]
) -> None:
    """Replace the rows that ``replaced`` describes by ``content``, in one commit with the ledger
    rows ``rows``.

    Raises:
        DatabaseLockedError: if another process changed the table since it was read.
    """
    with translate_iceberg_errors(), table.transaction() as commit:
        commit.delete(replaced)
        # Without rows too: its snapshot carries the ledger.
        commit.append(content, snapshot_properties=ledger.summary_of(rows))


def _events(connection: duckdb.DuckDBPyConnection, manifest: Manifest, load_id: str) -> pa.Table:
    columns = ", ".join(schema.EVENT_COLUMNS)
    return connection.sql(
        f"SELECT {columns}, {local_date_of('time', manifest.zone)} AS day, "
        f"{literal(load_id)} AS load_id FROM {schema.EVENTS} ORDER BY day"
    ).to_arrow_table()


def _fetch(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str], load_id: str
) -> pa.Table:
    return connection.sql(
        f"{_select(table, columns)} WHERE load_id = {literal(load_id)}"
    ).to_arrow_table()


def _select(table: str, columns: Iterable[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"


def _append(table: Table, rows: pa.Table) -> None:
    if rows.num_rows:
        with translate_iceberg_errors():
            table.append(rows)


def clean_up(lake: Lake) -> None:
    """Remove what loads wrote that never became whole, and write ``_metadata``.

    A load appends to histories and rejected lines before its commit. What a killed one appended is
    removed. If that load still runs, it is refused: its table has a newer commit then.
    """
    rows = ledger.write_ledger_table(lake)
    appended = [lake.table(name) for name in (*_HISTORIES.values(), schema.REJECTED)]
    if set().union(*map(_loads_of, appended)) - ledger.loads_in(rows):
        for kind in ledger.LEDGER_TABLES:
            commit_nothing(lake.table(kind), {})
        rows = ledger.write_ledger_table(lake)
        for table in appended:
            if left := _loads_of(table) - ledger.loads_in(rows):
                with translate_iceberg_errors():
                    table.delete(In("load_id", left))
    rejected = lake.table(schema.REJECTED)
    kept = committed_rejects(lake, rows)
    if rejected.scan().count() != kept.num_rows:
        with translate_iceberg_errors():
            rejected.overwrite(kept)


def commit_nothing(table: Table, properties: Mapping[str, str]) -> None:
    """Commit a snapshot with these properties and the rows of the one before."""
    with translate_iceberg_errors():
        table.append(table.schema().as_arrow().empty_table(), snapshot_properties=dict(properties))


def _loads_of(table: Table) -> set[str]:
    return set(table.scan(selected_fields=("load_id",)).to_arrow()["load_id"].to_pylist())
