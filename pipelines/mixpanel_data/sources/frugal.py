"""Little memory for a while."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

MEMORY = 144 * 1024 * 1024
"""Bytes for DuckDB. 200,000 profiles of a kilobyte load with that at no great cost (measured: 1.4 s, not 0.9 s)."""

TIMES_LARGEST = 8
"""Of a very large line there are several copies while it is read and stored."""


@contextmanager
def frugal(connection: duckdb.DuckDBPyConnection, *, largest: int) -> Iterator[None]:
    """DuckDB works with one thread and little memory; ``largest`` is the longest line it will read, in bytes.

    One thread, because each reads into buffers of its own and fills a row group of its own.
    """
    before = {name: _setting(connection, name) for name in ("threads", "memory_limit")}
    little = {"threads": "1", "memory_limit": f"{MEMORY + TIMES_LARGEST * largest}B"}
    try:
        _set(connection, little)
        yield
    finally:
        _set(connection, before)


def _setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    row = connection.execute("SELECT current_setting($name)::VARCHAR", {"name": name}).fetchone()
    return str(row[0]) if row else ""


def _set(connection: duckdb.DuckDBPyConnection, values: dict[str, str]) -> None:
    for name, value in values.items():
        with suppress(duckdb.Error):  # what is in use may be more than that
            connection.execute(f"SET {name} = '{value}'")
