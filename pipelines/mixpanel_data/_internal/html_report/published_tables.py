"""Reads the published file. It is kept open, so that the report is of one publication, beside a
sync."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database.read_only import open_published
from mixpanel_data.exceptions import NothingPublishedError

T = TypeVar("T")


@dataclass(frozen=True)
class Unavailable:
    """A part of the report for which this file has no tables."""

    reason: str


class PublishedTables:
    """The tables of a published file. ``published_at`` is naive UTC."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, published_at: datetime) -> None:
        self._connection = connection
        self.published_at = published_at
        self.tables = frozenset(
            name for (name,) in self.rows("SELECT table_name FROM duckdb_tables()")
        )

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a query with named parameters; callers keep them few."""
        return self._connection.execute(sql, parameters or None).fetchall()

    def row(self, sql: str, **parameters: Any) -> tuple[Any, ...]:
        """Return the row of a query that always has one, such as an aggregate without GROUP BY."""
        return self.rows(sql, **parameters)[0]

    def section(self, tables: tuple[str, ...], read: Callable[[], T]) -> T | Unavailable:
        """Return the result of ``read``, or why the tables don't allow it.

        A file built by other models may lack some tables or columns.
        """
        missing = sorted(set(tables) - self.tables)
        if missing:
            names = ", ".join(missing)
            return Unavailable(f"This file has no table {names}. The next mp sync builds it.")
        try:
            return read()
        except duckdb.BinderException as error:
            reason = str(error).splitlines()[0]
            return Unavailable(f"The tables {', '.join(tables)} have other columns here: {reason}")


@contextmanager
def open_published_tables(
    folder: DataFolder, *, memory_limit: str | None = None
) -> Iterator[PublishedTables]:
    """Open the published file of ``folder``.

    Raises:
        NothingPublishedError: if there is none.
        DatabaseLockedError: if a program has it open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    path = folder.published
    if not path.is_file():
        raise NothingPublishedError(str(folder.root))
    published_at = _modified(path)
    with open_published(path, memory_limit or MEMORY_LIMIT) as connection:
        yield PublishedTables(connection, published_at)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
