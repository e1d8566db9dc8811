"""Reads published tables, and writes them with types that other Parquet readers support."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.read_only import open_published
from mixpanel_data._internal.database.table_names import is_same
from mixpanel_data._internal.services.query_api.event_names import near_matches
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.exceptions import NothingPublishedError, TableNotFoundError

ROW_GROUP = "32MB"
"""The size of a table's part held in memory before it is written. With DuckDB's default of 122,880
rows, 40,000 rows of 29 kB exceeded 1 GB (measured)."""

# Types that Parquet lacks, or that its other readers take for bytes or round: they are exported as
# text.
_AS_TEXT = (
    "JSON",
    "UUID",
    "HUGEINT",
    "UHUGEINT",
    "BIGNUM",
    "BIT",
    "INTERVAL",
    "TIME WITH TIME ZONE",
)


@contextmanager
def open_for_export(folder: DataFolder, memory_limit: str, target: Path) -> Iterator[Connection]:
    """Open the published file in its present state; only files in ``target`` can be written.

    Raises:
        NothingPublishedError: if there is none.
        DatabaseLockedError: if a program has it open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    path = folder.published
    if not path.is_file():
        raise NothingPublishedError(str(folder.root))
    # Two threads took more memory and no less time, and DuckDB 2.0 hung when they reached the limit
    # (measured).
    with open_published(path, memory_limit, output=[target], threads=1) as db:
        yield db


def choose_tables(db: Connection, names: Sequence[str]) -> list[str]:
    """Return the tables of these names, without duplicates, in their own spelling.

    Without names, return all that don't begin with ``_``.

    Raises:
        TableNotFoundError: if there is no table of a given name.
    """
    rows = db.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = 'published' AND schema_name = 'main' ORDER BY ALL"
    )
    there = [str(name) for (name,) in rows.fetchall()]
    if not names:
        return [name for name in there if not name.startswith("_")]
    return list(dict.fromkeys(_find_table(name, there) for name in names))


def _find_table(name: str, there: Sequence[str]) -> str:
    for table in there:
        if is_same(table, name):
            return table
    near = " or ".join(repr(match) for match in near_matches(name, there))
    raise TableNotFoundError(name, there, advice=f"Did you mean {near}?" if near else "")


def write_parquet(db: Connection, table: str, path: Path) -> int:
    """Write ``table`` to the file at ``path``; return its number of rows."""
    found = db.execute(
        f"COPY ({select_sql(db, table)}) TO {literal(path)} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '{ROW_GROUP}', USE_TMP_FILE false)"
    ).fetchone()
    return int(found[0]) if found else 0


def select_sql(db: Connection, table: str) -> str:
    """Return a query of the table with types that every Parquet reader supports."""
    columns = db.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'published' "
        "AND schema_name = 'main' AND table_name = $1 AND data_type IN (SELECT unnest($2::VARCHAR[]))",
        [table, list(_AS_TEXT)],
    ).fetchall()
    texts = ", ".join(f"{identifier(name)}::VARCHAR AS {identifier(name)}" for (name,) in columns)
    replace = f" REPLACE ({texts})" if texts else ""
    return f"SELECT *{replace} FROM {identifier('published', 'main', table)}"
