"""The log of requests, of 429s, and of limits that Mixpanel named, in the limiter's own time."""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixpanel_data._internal.rate_limit.limits import CLOCK_DRIFT, HOUR, Limit

SCHEMA = (
    "CREATE TABLE clock (now REAL NOT NULL, machine TEXT NOT NULL, boot TEXT NOT NULL,"
    " uptime REAL NOT NULL, wall REAL NOT NULL)",
    "CREATE TABLE requests (number INTEGER PRIMARY KEY, bucket TEXT NOT NULL, granted REAL NOT "
    "NULL, reached REAL,"
    " slot TEXT)",
    "CREATE TABLE refusals (bucket TEXT PRIMARY KEY, noted REAL NOT NULL, until REAL NOT NULL, "
    "step INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE named_limits (bucket TEXT NOT NULL, count INTEGER NOT NULL, seconds REAL NOT "
    "NULL,"
    " until REAL NOT NULL, PRIMARY KEY (bucket, seconds)) WITHOUT ROWID",
    "CREATE TABLE damages (at REAL NOT NULL)",
)

ADDED = (
    "CREATE TABLE learned_limits (bucket TEXT NOT NULL, count INTEGER NOT NULL, seconds REAL NOT "
    "NULL,"
    " until REAL NOT NULL, PRIMARY KEY (bucket, seconds)) WITHOUT ROWID",
    "CREATE TABLE counted_pages (bucket TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
)
"""The tables that version 2 of the file has in addition to version 1."""

TABLES = ("clock", "requests", "refusals", "named_limits", "damages")
ADDED_TABLES = ("learned_limits", "counted_pages")

MAX_SEND_SECONDS = 600.0
"""After this many seconds a request has reached Mixpanel or never will: the client's timeouts up to
then add up to less."""

NETWORK_DELAY_SECONDS = 0.25
"""Seconds that a request may take longer than the next one: one lost and resent packet."""

KEPT_SECONDS = HOUR * CLOCK_DRIFT
LEARNED_SECONDS = 7 * 24 * HOUR
"""Seconds for which a limit of a ``RateLimit-Policy`` header is trusted, as in Mixpanel's own
client."""
NAMED_SECONDS = 24 * HOUR
"""Seconds for which a limit in the message of a 429 is trusted: no message has its end."""


@dataclass(frozen=True)
class Last429:
    """The last 429 in a row: when it was recorded, until when to wait, and how many preceded it."""

    recorded: float
    until: float
    step: int


@dataclass(frozen=True)
class RequestLog:
    """The open log in one transaction, at the moment ``now``.

    A bucket is one API family of one project.
    """

    connection: sqlite3.Connection
    now: float

    def grant(self, bucket: str, slot: str | None) -> int:
        """Add a request that is sent now with ``slot``; return its number. Delete expired
        requests."""
        self.connection.execute(
            "DELETE FROM requests WHERE coalesce(reached, granted + ?) <= ?",
            (MAX_SEND_SECONDS, self.now - KEPT_SECONDS),
        )
        added = self.connection.execute(
            "INSERT INTO requests (bucket, granted, slot) VALUES (?, ?, ?)",
            (bucket, self.now, slot),
        )
        return int(added.lastrowid or 0)

    def release_slot(self, slot: str) -> None:
        """Record that no process has ``slot`` any more.

        If the process of its last request died, that request has been sent by now or never will be.
        """
        self.connection.execute(
            "UPDATE requests SET reached = ? WHERE slot = ? AND reached IS NULL",
            (self.now + NETWORK_DELAY_SECONDS, slot),
        )

    def mark_received(self, number: int, after: float = 0.0) -> None:
        """Record that Mixpanel received a request, or will within ``after`` seconds."""
        self.connection.execute(
            "UPDATE requests SET reached = min(coalesce(reached, 1e300), ?) WHERE number = ?",
            (self.now + after, number),
        )

    def withdraw(self, number: int) -> None:
        """Delete a request that never left this machine."""
        self.connection.execute("DELETE FROM requests WHERE number = ?", (number,))

    def received_times(self, bucket: str) -> list[float]:
        """Return when Mixpanel received each request, or may have; sorted.

        A request in flight may arrive at this moment.
        """
        rows = self.connection.execute(
            "SELECT min(coalesce(reached, granted + ?), ?) AS time FROM requests WHERE bucket = ? ORDER BY time",
            (MAX_SEND_SECONDS, self.now, bucket),
        )
        return [float(time) for (time,) in rows]

    def last_429(self, bucket: str) -> Last429 | None:
        """Return the last 429; None after a later success, or when its hour is over."""
        row = self.connection.execute(
            "SELECT noted, until, step FROM refusals WHERE bucket = ? AND until > ?",
            (bucket, self.now - KEPT_SECONDS),
        ).fetchone()
        return Last429(*row) if row else None

    def record_429(self, bucket: str, until: float, step: int) -> None:
        """Record a 429, for all processes."""
        self.connection.execute(
            "INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)", (bucket, self.now, until, step)
        )

    def clear_429s(self, bucket: str, granted: float) -> None:
        """Delete the 429s recorded before ``granted``, when a now successful request was
        permitted."""
        self.connection.execute(
            "DELETE FROM refusals WHERE bucket = ? AND noted < ?", (bucket, granted)
        )

    def store_named_limits(self, bucket: str, limits: Iterable[Limit]) -> None:
        """Store the limits that the message of a 429 named."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO named_limits VALUES (?, ?, ?, ?)",
            [(bucket, limit.count, limit.seconds, self.now + NAMED_SECONDS) for limit in limits],
        )

    def named_limits(self, bucket: str) -> tuple[Limit, ...]:
        """Return the limits named by 429s of the last 24 hours."""
        rows = self.connection.execute(
            "SELECT count, seconds FROM named_limits WHERE bucket = ? AND until > ?",
            (bucket, self.now),
        )
        return tuple(Limit(int(count), float(seconds)) for count, seconds in rows)

    def store_learned_limits(self, bucket: str, limits: Iterable[Limit]) -> None:
        """Store the limits of a ``RateLimit-Policy`` header, in place of those stored before."""
        self.connection.execute("DELETE FROM learned_limits WHERE bucket = ?", (bucket,))
        rows: dict[float, int] = {}
        for limit in limits:
            rows[limit.seconds] = min(limit.count, rows.get(limit.seconds, limit.count))
        self.connection.executemany(
            "INSERT INTO learned_limits VALUES (?, ?, ?, ?)",
            [
                (bucket, count, seconds, self.now + LEARNED_SECONDS)
                for seconds, count in rows.items()
            ],
        )

    def learned_limits(self, bucket: str) -> tuple[Limit, ...]:
        """Return the limits learned within the last seven days."""
        rows = self.connection.execute(
            "SELECT count, seconds FROM learned_limits WHERE bucket = ? AND until > ?",
            (bucket, self.now),
        )
        return tuple(Limit(int(count), float(seconds)) for count, seconds in rows)

    def count_pages(self, bucket: str) -> None:
        """Record a 429 for a follow-up page of profiles: for seven days such pages count as
        requests."""
        self.connection.execute(
            "INSERT OR REPLACE INTO counted_pages VALUES (?, ?)",
            (bucket, self.now + LEARNED_SECONDS),
        )

    def pages_count(self, bucket: str) -> bool:
        """Return True if a follow-up page got a 429 within the last seven days."""
        row = self.connection.execute(
            "SELECT 1 FROM counted_pages WHERE bucket = ? AND until > ?", (bucket, self.now)
        ).fetchone()
        return row is not None

    def trusted_from(self) -> float:
        """Return from when on the log has every request that counts: an hour after it was
        damaged."""
        (at,) = self.connection.execute("SELECT max(at) FROM damages").fetchone()
        return float("-inf") if at is None else float(at) + KEPT_SECONDS


def checksum(connection: sqlite3.Connection, added: Sequence[str] = ADDED_TABLES) -> int:
    """Return a number that changes if another program changes a row or a table."""
    # No table has an index; changes to entries of an index would not be seen.
    tables = ("sqlite_master", *TABLES, *added)
    rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    return zlib.crc32(repr(rows).encode()) & 0x7FFFFFFF
