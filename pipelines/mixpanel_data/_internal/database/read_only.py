"""A database file opened to be read, whoever made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.database.sealed import seal
from mixpanel_data._internal.sql_literals import literal


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as it is now, for the length of the block; its views reach no other file. Raises
    duckdb.Error."""
    # Attached, as a connection of its own might be handed what another of this process opened
    # before.
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(path)} AS opened (READ_ONLY)")
        connection.execute("USE opened")
        seal(connection)
        yield connection
