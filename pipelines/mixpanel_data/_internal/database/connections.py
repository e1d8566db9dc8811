"""The database files that an engine has open, and their cursors."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import duckdb

from mixpanel_data._internal.data_folder.duckdb_defaults import STORAGE_VERSION
from mixpanel_data._internal.data_folder.private_files import private_files
from mixpanel_data._internal.database.errors import translate_open_errors
from mixpanel_data._internal.database.sealed import SPOOL, is_sealed, seal
from mixpanel_data._internal.sql.properties import CREATE_PROP, PROP
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.exceptions import ConfigError

Connection = duckdb.DuckDBPyConnection
CursorContext = AbstractContextManager[Connection]


class Files(Protocol):
    """Open database files."""

    own: str
    """The catalog into which tables are written."""
    path: Path | None
    """The file of that catalog; None in memory."""

    @property
    def catalogs(self) -> list[str]:
        """The attached catalogs, in the order in which names are looked up."""

    def cursor(self) -> Connection:
        """Return a cursor that is open until the files are closed."""

    def reading(self) -> CursorContext:
        """Open a cursor for the length of a block."""

    def writing(self) -> CursorContext:
        """Open a cursor that may write into ``own`` for the length of a block; one at a time."""

    def require_no_open_reads(self) -> None:
        """Raise ConfigError if this thread is inside a ``reading`` block that a write waits for."""

    def reopen(self) -> None:
        """Open the present state of the files that other processes replace."""

    def close(self) -> None:
        """Close the files."""


class Cursors:
    """The cursors of one DuckDB instance. Safe to share between threads."""

    def __init__(self, connection: Connection, search_path: str | None = None) -> None:
        self._connection = connection
        self._open_cursors: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self.search_path = search_path

    def new(self) -> Connection:
        """Return a new cursor that looks up names like the others."""
        with self._guard:
            try:
                cursor = self._connection.cursor()
            except duckdb.ConnectionException:
                raise ConfigError("This database is closed.") from None
            self._open_cursors.add(cursor)
        if self.search_path:
            cursor.execute(f"SET search_path = {literal(self.search_path)}")
        _offer_prop(cursor)
        return cursor

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """Open a cursor, and close it after the block."""
        cursor = self.new()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the instance and its cursors: an open cursor would keep the files open."""
        with self._guard:
            for cursor in list(self._open_cursors):
                with suppress(duckdb.Error):
                    cursor.close()
            self._connection.close()


def _offer_prop(cursor: Connection) -> None:
    """Create the macro ``prop`` for this cursor, unless its databases have a macro of that name."""
    try:
        # To the end: a relation can't run beside an unfinished result.
        cursor.execute(f"SELECT {PROP}(NULL::JSON, NULL::VARCHAR)").fetchall()
    except duckdb.CatalogException:
        cursor.execute(f"CREATE TEMPORARY {CREATE_PROP}")
    except duckdb.Error:  # theirs has other parameters
        pass


def create_database(path: Path) -> None:
    """Create an empty database that DuckDB clients from ``STORAGE_VERSION`` on can open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with translate_open_errors(path), private_files(), duckdb.connect() as connection:
        connection.execute(
            f"ATTACH {literal(path)} AS new (STORAGE_VERSION {literal(STORAGE_VERSION)})"
        )


class OneFile:
    """A file that this engine may write, or memory; shared with other engines of this process.

    Without ``external_access`` a file that already existed is sealed: another program may have
    created its views.
    """

    def __init__(self, path: Path | None, *, external_access: bool = False) -> None:
        self.path = path
        foreign = path is not None and path.exists()
        if path and not foreign:
            create_database(path)
        with translate_open_errors(path or "memory"):
            connection = duckdb.connect(str(path or ":memory:"))
        # Another engine of this process may have sealed the instance, which both share.
        if not is_sealed(connection):
            connection.execute("SET preserve_insertion_order = false")
            if path and foreign and not external_access:
                seal(connection, writes=[path], folders=[path.parent / SPOOL])
        self.own = str(connection.execute("SELECT current_database()").fetchall()[0][0])
        self._cursors = Cursors(connection)
        self._write_lock = threading.Lock()

    @property
    def catalogs(self) -> list[str]:
        return [self.own]

    def cursor(self) -> Connection:
        return self._cursors.new()

    def reading(self) -> CursorContext:
        return self._cursors.open()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._write_lock, self._cursors.open() as cursor:
            yield cursor

    def require_no_open_reads(self) -> None:
        """Do nothing: DuckDB reads and writes one file at the same time."""

    def reopen(self) -> None:
        """Do nothing: all connections of this process share the file."""

    def close(self) -> None:
        self._cursors.close()
