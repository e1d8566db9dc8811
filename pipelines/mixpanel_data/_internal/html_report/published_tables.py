"""The published file, only read. It is held open, so all of a report is of one publication; a sync
goes on beside it."""

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
    """A part of the report that this file has no tables for."""

    reason: str


class Published:
    """The tables of a published file. ``published_at`` is naive UTC."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, published_at: datetime) -> None:
        self._connection = connection
        self.published_at = published_at
        self.tables = frozenset(
            name for (name,) in self.rows("SELECT table_name FROM duckdb_tables()")
        )

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query with named parameters. Whoever asks keeps them few."""
        return self._connection.execute(sql, parameters or None).fetchall()

    def row(self, sql: str, **parameters: Any) -> tuple[Any, ...]:
        """The row of a query that always has one, such as an aggregate over everything."""
        return self.rows(sql, **parameters)[0]

    def section(self, tables: tuple[str, ...], read: Callable[[], T]) -> T | Unavailable:
        """What ``read`` makes of ``tables``, or why it can't: a file built by other models may lack
        some."""
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
def opened(folder: DataFolder, *, memory_limit: str | None = None) -> Iterator[Published]:
    """The published file of ``folder``.

    Raises:
        NothingPublishedError: there is none.
        DatabaseLockedError: a program has it open to write into it.
        DatabaseDamagedError: it can't be read.
    """
    path = folder.published
    if not path.is_file():
        raise NothingPublishedError(str(folder.root))
    published_at = _modified(path)
    with open_published(path, memory_limit or MEMORY_LIMIT) as connection:
        yield Published(connection, published_at)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
