"""Opens a database file for reading, also one that another program created."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.sealed import seal
from mixpanel_data._internal.sql_literals import literal


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file in its present state for the length of the block.

    Its views can't reach other files. Raises duckdb.Error.
    """
    # Attached, since a direct connection might get the state that another connection of this
    # process opened before.
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(path)} AS opened (READ_ONLY)")
        connection.execute("USE opened")
        seal(connection)
        yield connection


@contextmanager
def open_published(
    path: Path, memory_limit: str, *, output: Sequence[Path] = (), threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file in its present state as ``published``; write only to ``output``.

    DuckDB may use ``memory_limit``, such as ``1GB``, and spills to a temporary folder.

    Raises:
        DatabaseLockedError: if a program has the file open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    with (
        translate_published_errors(path),
        duckdb.connect() as connection,
        tempfile.TemporaryDirectory(prefix="mp-spill-") as spill,
    ):
        connection.execute(f"SET temp_directory = {literal(spill)}")
        connection.execute(f"SET memory_limit = {literal(memory_limit)}")
        if threads:
            connection.execute(f"SET threads = {threads}")
        # Without an order, a query keeps few rows in memory.
        connection.execute("SET preserve_insertion_order = false")
        # Attached, since a direct connection might get the state that another one opened before.
        connection.execute(f"ATTACH {literal(path)} AS published (READ_ONLY)")
        connection.execute("USE published")
        seal(connection, folders=output)
        yield connection
