"""Which database files an engine has open, and how."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import duckdb

from mixpanel_data._internal.data_folder.private_files import private_files
from mixpanel_data._internal.database.errors import opening
from mixpanel_data._internal.database.sealed import SPOOL, is_sealed, seal
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.exceptions import ConfigError

Connection = duckdb.DuckDBPyConnection
Held = AbstractContextManager[Connection]

STORAGE_VERSION = "v1.2.0"
"""Of new files: BI tools ship older DuckDBs, which can't open newer ones."""


class Files(Protocol):
    """Open database files."""

    own: str
    """The catalog that tables are put into."""
    path: Path | None
    """Its file; None in memory."""

    @property
    def catalogs(self) -> list[str]:
        """The catalogs that are there, in the order in which names are looked up."""

    def cursor(self) -> Connection:
        """A cursor for whoever asks; ``close`` of the files closes it too."""

    def reading(self) -> Held:
        """A cursor for the length of a block."""

    def writing(self) -> Held:
        """A cursor that may write into ``own``, for the length of a block; one at a time."""

    def close(self) -> None:
        """Lets go of the files."""


class Cursors:
    """The cursors of one DuckDB instance. Safe to share between threads."""

    def __init__(self, connection: Connection, search_path: str | None = None) -> None:
        self._connection = connection
        self._given: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self.search_path = search_path

    def new(self) -> Connection:
        """A cursor; a new one looks up names as the others do."""
        with self._guard:
            try:
                cursor = self._connection.cursor()
            except duckdb.ConnectionException:
                raise ConfigError("This database is closed.") from None
            self._given.add(cursor)
        if self.search_path:
            cursor.execute(f"SET search_path = {literal(self.search_path)}")
        return cursor

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """A cursor that is closed behind the block."""
        cursor = self.new()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Ends the instance: while a cursor is open it keeps its files."""
        with self._guard:
            for cursor in list(self._given):
                with suppress(duckdb.Error):
                    cursor.close()
            self._connection.close()


def create(path: Path) -> None:
    """Makes an empty database that DuckDB clients from ``STORAGE_VERSION`` on can open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opening(path), private_files(), duckdb.connect() as connection:
        connection.execute(
            f"ATTACH {literal(path)} AS new (STORAGE_VERSION {literal(STORAGE_VERSION)})"
        )


class OneFile:
    """A file that is ours to write, or memory; shared with whoever opens it in this process.

    Without ``external_access`` a file that was there before is sealed: its views may be anybody's.
    """

    def __init__(self, path: Path | None, *, external_access: bool = False) -> None:
        self.path = path
        foreign = path is not None and path.exists()
        if path and not foreign:
            create(path)
        with opening(path or "memory"):
            connection = duckdb.connect(str(path or ":memory:"))
        if not is_sealed(
            connection
        ):  # by another engine of this process, which shares its instance
            connection.execute("SET preserve_insertion_order = false")
            if path and foreign and not external_access:
                seal(connection, writes=[path], folders=[path.parent / SPOOL])
        self.own = str(connection.execute("SELECT current_database()").fetchall()[0][0])
        self._cursors = Cursors(connection)
        self._one = threading.Lock()

    @property
    def catalogs(self) -> list[str]:
        return [self.own]

    def cursor(self) -> Connection:
        return self._cursors.new()

    def reading(self) -> Held:
        return self._cursors.held()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._one, self._cursors.held() as cursor:
            yield cursor

    def close(self) -> None:
        self._cursors.close()
