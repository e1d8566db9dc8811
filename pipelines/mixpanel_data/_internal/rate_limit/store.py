"""The file of the request log, which all processes of a data folder share.

Each access is one short SQLite transaction.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import TypeVar

from mixpanel_data._internal.rate_limit.clock import Clock, Reading, elapsed
from mixpanel_data._internal.rate_limit.request_log import ADDED, SCHEMA, RequestLog, checksum
from mixpanel_data._internal.rate_limit.slots import log_not_writable
from mixpanel_data.exceptions import StorageError

T = TypeVar("T")

VERSION = 2
BUSY_SECONDS = 30.0
"""A transaction takes milliseconds: a process that locks the file for so long is stuck."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_CONSTRAINT")


class RequestLogFile:
    """The log at ``path``, created when first written to."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def transact(self, action: Callable[[RequestLog], T]) -> T:
        """Run ``action`` in an exclusive transaction and return its result. A crash undoes it.

        A damaged file is renamed. A new one is started, in which the whole limit counts as just
        used.

        Raises:
            StorageError: if the file can't be written, the disk is full or failing, or another
                process keeps the file locked.
        """
        try:
            return self._transact(action, damaged=False)
        except _DamagedError:
            self._move_damaged_file()
            return self._transact(action, damaged=True)

    def read(self, action: Callable[[RequestLog], T]) -> T:
        """Run an ``action`` that only reads; do not create the file if there is none."""
        if self.path.exists():
            return self.transact(action)
        with closing(sqlite3.connect(":memory:")) as connection:
            _prepare(connection, self.path)
            return action(RequestLog(connection, 0.0))

    def wall(self) -> float:
        """Return the seconds since the epoch, for messages."""
        return self._clock().wall

    def _transact(self, action: Callable[[RequestLog], T], *, damaged: bool) -> T:
        with (
            _translate_sqlite_errors(self.path),
            closing(self._connect()) as connection,
            connection,
        ):
            # The clock is read only now, with the lock held: later transactions read later times.
            connection.execute("BEGIN IMMEDIATE")
            _prepare(connection, self.path)
            now = self._advance(connection, damaged=damaged)
            given = action(RequestLog(connection, now))
            connection.execute(f"PRAGMA application_id = {checksum(connection)}")
            return given

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A connection lasts for one transaction, so threads and forks share none.
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)

    def _advance(self, connection: sqlite3.Connection, *, damaged: bool) -> float:
        """Advance and return the limiter's time, in seconds since the file was created."""
        reading = self._clock()
        row = connection.execute("SELECT now, machine, boot, uptime, wall FROM clock").fetchone()
        now = row[0] + elapsed(Reading(*row[1:]), reading) if row else 0.0
        connection.execute("DELETE FROM clock")
        connection.execute("INSERT INTO clock VALUES (?, ?, ?, ?, ?)", (now, *astuple(reading)))
        if damaged:
            connection.execute("INSERT INTO damages VALUES (?)", (now,))
        return now

    def _move_damaged_file(self) -> None:
        # The second of two processes moves the new file of the first. In it the whole limit is
        # used, too, so nothing is lost.
        with _translate_sqlite_errors(self.path), suppress(FileNotFoundError):
            self.path.replace(self.path.with_name(self.path.name + ".damaged"))


class _DamagedError(StorageError):
    """The file can't be read as a request log."""


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables of a new file; raise an error if an existing one was changed by others."""
    version, stored = (_pragma(connection, name) for name in ("user_version", "application_id"))
    if not version and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in (*SCHEMA, *ADDED, f"PRAGMA user_version = {VERSION}"):
            connection.execute(statement)
    elif version == 1 and stored == checksum(connection, added=()):
        for statement in (*ADDED, f"PRAGMA user_version = {VERSION}"):
            connection.execute(statement)
    elif version != VERSION or stored != checksum(connection):
        raise _DamagedError(f"{path} is not a complete request log of this version.")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def _translate_sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Without SQLite's name for the error, Python could not decode a text in the file.
        if getattr(error, "sqlite_errorname", _DAMAGED[0]).startswith(_DAMAGED):
            raise _DamagedError(f"{path} can't be read as a request log: {error}.") from error
        raise log_not_writable(path, error) from error
    except OSError as error:
        raise log_not_writable(path, error) from error
