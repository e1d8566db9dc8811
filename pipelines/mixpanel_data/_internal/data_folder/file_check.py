"""Checks a DuckDB file by reading every column of every table, and so every block's checksum."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mixpanel_data._internal.sql_literals import identifier


@dataclass(frozen=True)
class TableCheck:
    """One table of a file: its number of rows, or the reason it can't be read."""

    name: str
    """The name, with its schema."""
    rows: int | None
    error: str | None = None


@dataclass(frozen=True)
class FileCheck:
    """A file and its tables. ``error`` is the reason why the file can't be opened."""

    path: Path
    tables: tuple[TableCheck, ...] = ()
    error: str | None = None

    @property
    def is_whole(self) -> bool:
        """True if everything in the file can be read."""
        return self.error is None and all(table.error is None for table in self.tables)

    @property
    def damage(self) -> str | None:
        """The first error, as DuckDB reports it; None if everything can be read."""
        errors = (self.error, *(table.error for table in self.tables))
        return next((error for error in errors if error), None)


def check_file(path: Path) -> FileCheck:
    """Read the complete database at ``path``, without writing."""
    try:
        with _opened(path) as connection:
            names = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() "
                "WHERE database_name = current_database() ORDER BY ALL"
            ).fetchall()
    except duckdb.Error as error:
        return FileCheck(path, error=_line(error))
    return FileCheck(path, tuple(_check_table(path, schema, table) for schema, table in names))


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """The database at ``path``, to be read; nothing in it, such as a computed column, opens another
    file."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("SET enable_external_access = false")
    return connection


def _check_table(path: Path, schema: str, table: str) -> TableCheck:
    name = f"{schema}.{table}"
    table_name = identifier(schema, table)
    try:
        # A connection for each: after damage, it rejects every further statement.
        with _opened(path) as connection:
            found = connection.execute(
                f"SELECT count(*), bit_xor(hash(everything)) FROM {table_name} AS everything"
            ).fetchone()
    except duckdb.Error as error:
        return TableCheck(name, None, _line(error))
    return TableCheck(name, found[0] if found else 0)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
