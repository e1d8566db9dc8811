"""A fetch goes into its table, whole or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from mixpanel_data._internal.database import catalog as storage_tables
from mixpanel_data._internal.database import fetch_log, insert
from mixpanel_data._internal.database.connections import Connection, Files
from mixpanel_data._internal.database.errors import asking
from mixpanel_data._internal.database.input_files import Kind, Lines
from mixpanel_data._internal.database.table_names import is_same, quoted
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import ConfigError, TableExistsError
from mixpanel_data.types import TableMetadata


def store(
    files: Files,
    name: str,
    lines: Sequence[Lines],
    metadata: TableMetadata,
    zone: Zone,
    *,
    append: bool,
) -> int:
    """The rows that ``lines`` brought into the table ``name``, and a note of it, in one
    transaction.

    Raises as the engine's create_events_table.
    """
    table = quoted(files.own, "main", name)
    with changing(files, f"load into {table}") as cursor:
        fetch_log.create_tables(cursor, files.own)
        before = _rows_before(cursor, files.own, name, metadata, append=append)
        how = insert.append if append else insert.create
        rows = how(cursor, table, metadata.type, lines, zone)
        fetch_log.note(cursor, files.own, name, metadata, lines, rows=rows, before=before)
    return rows


def drop(files: Files, name: str) -> None:
    """Removes a table or view, and what is noted of it. Raises as the engine's drop."""
    with changing(files, f"drop {name}") as cursor:
        item = storage_tables.find(cursor, [files.own], name)
        cursor.execute(f"DROP {'VIEW' if item.is_view else 'TABLE'} {item.sql}")
        fetch_log.forget(cursor, files.own, item.name)


@contextmanager
def changing(files: Files, what: str) -> Iterator[Connection]:
    """A cursor inside a transaction; an error in the block leaves all as it was."""
    with files.writing() as cursor, asking(what):
        cursor.begin()
        try:
            yield cursor
            cursor.commit()
        except BaseException:
            with suppress(duckdb.Error):  # DuckDB may have rolled it back itself
                cursor.rollback()
            raise


def _rows_before(
    cursor: Connection, catalog: str, name: str, metadata: TableMetadata, *, append: bool
) -> int | None:
    """The rows of the table that is appended to; None when one is to be made."""
    if not append:
        there = storage_tables.found(cursor, [catalog])
        if any(is_same(item.name, name) for item in there):
            raise TableExistsError(name)
        return None
    item = storage_tables.find(cursor, [catalog], name)
    require_fit(cursor, item, metadata.type)
    return storage_tables.count(cursor, item)


def require_fit(cursor: Connection, item: storage_tables.Found, kind: Kind) -> None:
    """Raise ConfigError when the table is not one that fetched events, or profiles, can be added
    to."""
    known = fetch_log.read(cursor, item.catalog).get(item.name)
    if known and known.type != kind:
        raise ConfigError(f"'{item.name}' holds {known.type}; {kind} need another table.")
    there = {column.name: column.type for column in storage_tables.columns(cursor, item)}
    needed = insert.TYPES[kind]
    if item.is_view or any(there.get(name) != type_ for name, type_ in needed.items()):
        raise ConfigError(
            f"'{item.name}' is no table of fetched {kind}: one has the columns "
            f"{', '.join(f'{name} {type_}' for name, type_ in needed.items())}. Choose another name.",
            details={"table": item.name, "columns": there},
        )
