"""Opens a database file for reading, whoever created it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

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
