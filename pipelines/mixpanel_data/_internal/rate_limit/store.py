"""The file that all processes of a data folder keep their budget in: one short SQLite transaction
at a time."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import TypeVar

from mixpanel_data._internal.rate_limit.clock import Clock, Reading, elapsed
from mixpanel_data._internal.rate_limit.request_log import ADDED, SCHEMA, Books, checksum
from mixpanel_data._internal.rate_limit.slots import not_kept
from mixpanel_data.exceptions import StorageError

T = TypeVar("T")

VERSION = 2
BUSY_SECONDS = 30.0
"""A transaction takes milliseconds: whoever holds the file this long is stuck."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_CONSTRAINT")


class BudgetFile:
    """The file at ``path``, made when first written to."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def run(self, action: Callable[[Books], T]) -> T:
        """What ``action`` gives, done alone and whole: nobody else reads or writes meanwhile, and a
        crash undoes it.

        A damaged file is put beside, and a new one begun in which everything counts as spent just
        now.

        Raises:
            StorageError: the file can't be written, the disk is full or failing, or somebody holds
                the file.
        """
        try:
            return self._run(action, damaged=False)
        except _DamagedError:
            self._put_beside()
            return self._run(action, damaged=True)

    def look(self, action: Callable[[Books], T]) -> T:
        """As :meth:`run`, for an ``action`` that only reads: makes no file where there is none."""
        if self.path.exists():
            return self.run(action)
        with closing(sqlite3.connect(":memory:")) as connection:
            _prepare(connection, self.path)
            return action(Books(connection, 0.0))

    def wall(self) -> float:
        """Seconds since the epoch, for telling people."""
        return self._clock().wall

    def _run(self, action: Callable[[Books], T], *, damaged: bool) -> T:
        with _named_errors(self.path), closing(self._connect()) as connection, connection:
            # Only now, with the file to ourselves, is the clock read: later transactions see later
            # times.
            connection.execute("BEGIN IMMEDIATE")
            _prepare(connection, self.path)
            now = self._advance(connection, damaged=damaged)
            given = action(Books(connection, now))
            connection.execute(f"PRAGMA application_id = {checksum(connection)}")
            return given

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # No connection outlives its transaction, so that threads and forks share none.
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)

    def _advance(self, connection: sqlite3.Connection, *, damaged: bool) -> float:
        """The budget's time, in seconds since the file was begun."""
        reading = self._clock()
        row = connection.execute("SELECT now, machine, boot, uptime, wall FROM clock").fetchone()
        now = row[0] + elapsed(Reading(*row[1:]), reading) if row else 0.0
        connection.execute("DELETE FROM clock")
        connection.execute("INSERT INTO clock VALUES (?, ?, ?, ?, ?)", (now, *astuple(reading)))
        if damaged:
            connection.execute("INSERT INTO damages VALUES (?)", (now,))
        return now

    def _put_beside(self) -> None:
        # Whoever comes second moves the first one's new file: in it, too, all was spent, so nothing
        # is forgotten.
        with _named_errors(self.path), suppress(FileNotFoundError):
            self.path.replace(self.path.with_name(self.path.name + ".damaged"))


class _DamagedError(StorageError):
    """The file can't be read as a budget."""


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the tables of a new file; proves that an older one is as we left it."""
    version, noted = (_pragma(connection, name) for name in ("user_version", "application_id"))
    if not version and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in (*SCHEMA, *ADDED, f"PRAGMA user_version = {VERSION}"):
            connection.execute(statement)
    elif version == 1 and noted == checksum(connection, added=()):
        for statement in (*ADDED, f"PRAGMA user_version = {VERSION}"):
            connection.execute(statement)
    elif version != VERSION or noted != checksum(connection):
        raise _DamagedError(f"{path} is not a whole request budget of this version.")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Without SQLite's name for it, it is Python that could not make text of what is there.
        if getattr(error, "sqlite_errorname", _DAMAGED[0]).startswith(_DAMAGED):
            raise _DamagedError(f"{path} can't be read as a request budget: {error}.") from error
        raise not_kept(path, error) from error
    except OSError as error:
        raise not_kept(path, error) from error
