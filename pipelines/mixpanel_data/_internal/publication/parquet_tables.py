"""The published tables, as another reader than DuckDB can have them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.sealed import seal
from mixpanel_data._internal.database.table_names import is_same
from mixpanel_data._internal.services.query_api.event_names import near_matches
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.exceptions import NothingPublishedError, TableNotFoundError

ROW_GROUP = "32MB"
"""What is held of a table before it goes to disk. With the 122,880 rows that are usual, 40,000 of
29 kB broke 1 GB (measured)."""

# Types that Parquet lacks, or that its other readers take for bytes or round: they become text.
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
def opened(folder: DataFolder, memory_limit: str, target: Path) -> Iterator[Connection]:
    """The published file as it is now, for the length of the block; only files in ``target`` can be
    written.

    Raises:
        NothingPublishedError: there is none.
        DatabaseLockedError: a program has it open to write.
        DatabaseDamagedError: it can't be read.
    """
    path = folder.published
    if not path.is_file():
        raise NothingPublishedError(str(folder.root))
    # Attached, as a connection of its own might be handed what another of this process opened
    # before.
    with (
        translate_published_errors(path),
        duckdb.connect() as db,
        tempfile.TemporaryDirectory(prefix="mp-export-") as spill,
    ):
        db.execute(f"SET temp_directory = {literal(spill)}")
        db.execute(f"SET memory_limit = {literal(memory_limit)}")
        # Two threads took more memory and no less time, and DuckDB 2.0 hung when they met the limit
        # (measured).
        db.execute("SET threads = 1")
        db.execute("SET preserve_insertion_order = false")  # what a row group's size asks for
        db.execute(f"ATTACH {literal(path)} AS published (READ_ONLY)")
        seal(db, folders=[target])
        yield db


def chosen(db: Connection, names: Sequence[str]) -> list[str]:
    """The tables of these names, each once, spelled as they are; without names, all that don't
    begin with ``_``.

    Raises:
        TableNotFoundError: there is none of such a name.
    """
    rows = db.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = 'published' AND schema_name = 'main' ORDER BY ALL"
    )
    there = [str(name) for (name,) in rows.fetchall()]
    if not names:
        return [name for name in there if not name.startswith("_")]
    return list(dict.fromkeys(_found(name, there) for name in names))


def _found(name: str, there: Sequence[str]) -> str:
    for table in there:
        if is_same(table, name):
            return table
    near = " or ".join(repr(match) for match in near_matches(name, there))
    raise TableNotFoundError(name, there, advice=f"Did you mean {near}?" if near else "")


def write(db: Connection, table: str, path: Path) -> int:
    """How many rows of ``table`` are in the file at ``path`` now."""
    found = db.execute(
        f"COPY ({_readable(db, table)}) TO {literal(path)} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '{ROW_GROUP}', USE_TMP_FILE false)"
    ).fetchone()
    return int(found[0]) if found else 0


def _readable(db: Connection, table: str) -> str:
    """A query for the table with types that any reader of Parquet knows."""
    columns = db.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'published' "
        "AND schema_name = 'main' AND table_name = $1 AND data_type IN (SELECT unnest($2::VARCHAR[]))",
        [table, list(_AS_TEXT)],
    ).fetchall()
    texts = ", ".join(f"{identifier(name)}::VARCHAR AS {identifier(name)}" for (name,) in columns)
    replace = f" REPLACE ({texts})" if texts else ""
    return f"SELECT *{replace} FROM {identifier('published', 'main', table)}"
