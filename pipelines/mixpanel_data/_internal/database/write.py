"""Writes a fetch into its table, completely or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from mixpanel_data._internal.database import catalog as table_catalog
from mixpanel_data._internal.database import fetch_log, insert
from mixpanel_data._internal.database.connections import Connection, Files
from mixpanel_data._internal.database.errors import translate_sql_errors
from mixpanel_data._internal.database.input_files import Kind, Lines
from mixpanel_data._internal.database.table_names import is_same
from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import ConfigError, TableExistsError
from mixpanel_data.types import TableMetadata


def store_fetch(
    files: Files,
    name: str,
    lines: Sequence[Lines],
    metadata: TableMetadata,
    zone: Zone,
    *,
    append: bool,
) -> int:
    """Load ``lines`` into the table ``name`` and record the fetch, in one transaction.

    Return the number of rows. Raises like the engine's create_events_table.
    """
    table = identifier(files.own, "main", name)
    with transaction(files, f"load into {table}") as cursor:
        fetch_log.create_tables(cursor, files.own)
        before = _rows_before(cursor, files.own, name, metadata, append=append)
        how = insert.append_to_table if append else insert.create_table
        rows = how(cursor, table, metadata.type, lines, zone)
        fetch_log.record_fetch(cursor, files.own, name, metadata, lines, rows=rows, before=before)
    return rows


def drop_table(files: Files, name: str) -> None:
    """Drop a table or view, and delete its records. Raises like the engine's drop."""
    with transaction(files, f"drop {name}") as cursor:
        item = table_catalog.find_table(cursor, [files.own], name)
        cursor.execute(f"DROP {'VIEW' if item.is_view else 'TABLE'} {item.sql}")
        fetch_log.delete_records(cursor, files.own, item.name)


@contextmanager
def transaction(files: Files, what: str) -> Iterator[Connection]:
    """Open a cursor inside a transaction; an error in the block undoes all changes."""
    with files.writing() as cursor, translate_sql_errors(what):
        cursor.begin()
        try:
            yield cursor
            cursor.commit()
        except BaseException:
            with suppress(duckdb.Error):  # DuckDB may have rolled back already
                cursor.rollback()
            raise


def _rows_before(
    cursor: Connection, catalog: str, name: str, metadata: TableMetadata, *, append: bool
) -> int | None:
    """Return the rows of the table to append to; None if a new one is to be created."""
    if not append:
        there = table_catalog.list_tables(cursor, [catalog])
        if any(is_same(item.name, name) for item in there):
            raise TableExistsError(name)
        return None
    item = table_catalog.find_table(cursor, [catalog], name)
    require_matching_table(cursor, item, metadata.type)
    return table_catalog.count_rows(cursor, item)


def require_matching_table(cursor: Connection, item: table_catalog.TableRef, kind: Kind) -> None:
    """Raise ConfigError unless fetched events, or profiles, can be added to the table."""
    known = fetch_log.read_metadata(cursor, item.catalog).get(item.name)
    if known and known.type != kind:
        raise ConfigError(f"'{item.name}' contains {known.type}; {kind} need another table.")
    there = {column.name: column.type for column in table_catalog.table_columns(cursor, item)}
    needed = insert.TYPES[kind]
    if item.is_view or any(there.get(name) != type_ for name, type_ in needed.items()):
        raise ConfigError(
            f"'{item.name}' is not a table of fetched {kind}, which has the columns "
            f"{', '.join(f'{name} {type_}' for name, type_ in needed.items())}. Choose another "
            "name.",
            details={"table": item.name, "columns": there},
        )
