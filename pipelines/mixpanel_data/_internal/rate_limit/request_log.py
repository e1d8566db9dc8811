"""What the budget's file holds, in the budget's own time: requests, refusals, and limits that
Mixpanel named."""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixpanel_data._internal.rate_limit.limits import HOUR, UNEVEN_CLOCKS, Limit

SCHEMA = (
    "CREATE TABLE clock (now REAL NOT NULL, machine TEXT NOT NULL, boot TEXT NOT NULL,"
    " uptime REAL NOT NULL, wall REAL NOT NULL)",
    "CREATE TABLE requests (number INTEGER PRIMARY KEY, bucket TEXT NOT NULL, granted REAL NOT NULL, reached REAL,"
    " slot TEXT)",
    "CREATE TABLE refusals (bucket TEXT PRIMARY KEY, noted REAL NOT NULL, until REAL NOT NULL, step INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE named_limits (bucket TEXT NOT NULL, count INTEGER NOT NULL, seconds REAL NOT NULL,"
    " until REAL NOT NULL, PRIMARY KEY (bucket, seconds)) WITHOUT ROWID",
    "CREATE TABLE damages (at REAL NOT NULL)",
)

ADDED = (
    "CREATE TABLE learned_limits (bucket TEXT NOT NULL, count INTEGER NOT NULL, seconds REAL NOT NULL,"
    " until REAL NOT NULL, PRIMARY KEY (bucket, seconds)) WITHOUT ROWID",
    "CREATE TABLE counted_pages (bucket TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
)
"""What version 2 of the file has beside version 1."""

TABLES = ("clock", "requests", "refusals", "named_limits", "damages")
ADDED_TABLES = ("learned_limits", "counted_pages")

LONGEST_WAY = 600.0
"""After so many seconds a request has reached Mixpanel or never will: the client's time-outs up to
then add up to less."""

ON_THE_WIRE = 0.25
"""Seconds that a request may be on its way longer than the next one: one packet lost and sent
again."""

KEPT = HOUR * UNEVEN_CLOCKS
LEARNED_FOR = 7 * 24 * HOUR
"""How long a limit of a ``RateLimit-Policy`` header is trusted: as long as Mixpanel's own client
does."""
NAMED_FOR = 24 * HOUR
"""How long a limit holds that Mixpanel named: nothing tells when it is lifted."""


@dataclass(frozen=True)
class Refusal:
    """The last 429 of a row of them: when it was noted, until when to wait, how many came before
    it."""

    noted: float
    until: float
    step: int


@dataclass(frozen=True)
class Books:
    """The open file within one transaction, at the moment ``now``. A bucket is one API family of
    one project."""

    connection: sqlite3.Connection
    now: float

    def grant(self, bucket: str, slot: str | None) -> int:
        """The number of a request that goes out now, from ``slot``; what is too old to count is
        thrown away."""
        self.connection.execute(
            "DELETE FROM requests WHERE coalesce(reached, granted + ?) <= ?",
            (LONGEST_WAY, self.now - KEPT),
        )
        added = self.connection.execute(
            "INSERT INTO requests (bucket, granted, slot) VALUES (?, ?, ?)",
            (bucket, self.now, slot),
        )
        return int(added.lastrowid or 0)

    def vacated(self, slot: str) -> None:
        """Note that nobody holds ``slot`` any more: if its last request's process died, it has left
        by now or never will."""
        self.connection.execute(
            "UPDATE requests SET reached = ? WHERE slot = ? AND reached IS NULL",
            (self.now + ON_THE_WIRE, slot),
        )

    def reached(self, number: int, after: float = 0.0) -> None:
        """Note that a request is at Mixpanel, or will be within ``after`` seconds."""
        self.connection.execute(
            "UPDATE requests SET reached = min(coalesce(reached, 1e300), ?) WHERE number = ?",
            (self.now + after, number),
        )

    def withdraw(self, number: int) -> None:
        """Forget a request that never left this machine."""
        self.connection.execute("DELETE FROM requests WHERE number = ?", (number,))

    def arrivals(self, bucket: str) -> list[float]:
        """When each request reached Mixpanel, or may have: one that is on its way may do so now.
        Sorted."""
        rows = self.connection.execute(
            "SELECT min(coalesce(reached, granted + ?), ?) AS time FROM requests WHERE bucket = ? ORDER BY time",
            (LONGEST_WAY, self.now, bucket),
        )
        return [float(time) for (time,) in rows]

    def refusal(self, bucket: str) -> Refusal | None:
        """The 429 that stands: no request has succeeded since, and the hour is not over."""
        row = self.connection.execute(
            "SELECT noted, until, step FROM refusals WHERE bucket = ? AND until > ?",
            (bucket, self.now - KEPT),
        ).fetchone()
        return Refusal(*row) if row else None

    def refuse(self, bucket: str, until: float, step: int) -> None:
        """Note a 429, for all processes."""
        self.connection.execute(
            "INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)", (bucket, self.now, until, step)
        )

    def succeed(self, bucket: str, granted: float) -> None:
        """Forget the 429s before ``granted``, when a request was let go that went through."""
        self.connection.execute(
            "DELETE FROM refusals WHERE bucket = ? AND noted < ?", (bucket, granted)
        )

    def name_limits(self, bucket: str, limits: Iterable[Limit]) -> None:
        """Keep the limits that a 429 spoke of."""
        self.connection.executemany(
            "INSERT OR REPLACE INTO named_limits VALUES (?, ?, ?, ?)",
            [(bucket, limit.count, limit.seconds, self.now + NAMED_FOR) for limit in limits],
        )

    def named_limits(self, bucket: str) -> tuple[Limit, ...]:
        """The limits that Mixpanel has named of late."""
        rows = self.connection.execute(
            "SELECT count, seconds FROM named_limits WHERE bucket = ? AND until > ?",
            (bucket, self.now),
        )
        return tuple(Limit(int(count), float(seconds)) for count, seconds in rows)

    def learn_limits(self, bucket: str, limits: Iterable[Limit]) -> None:
        """Keep the limits of a ``RateLimit-Policy`` header, in place of those learned before."""
        self.connection.execute("DELETE FROM learned_limits WHERE bucket = ?", (bucket,))
        rows: dict[float, int] = {}
        for limit in limits:
            rows[limit.seconds] = min(limit.count, rows.get(limit.seconds, limit.count))
        self.connection.executemany(
            "INSERT INTO learned_limits VALUES (?, ?, ?, ?)",
            [(bucket, count, seconds, self.now + LEARNED_FOR) for seconds, count in rows.items()],
        )

    def learned_limits(self, bucket: str) -> tuple[Limit, ...]:
        """The limits learned within the last seven days."""
        rows = self.connection.execute(
            "SELECT count, seconds FROM learned_limits WHERE bucket = ? AND until > ?",
            (bucket, self.now),
        )
        return tuple(Limit(int(count), float(seconds)) for count, seconds in rows)

    def count_pages(self, bucket: str) -> None:
        """Note that Mixpanel refused a follow-up page of profiles: for seven days they count as
        requests."""
        self.connection.execute(
            "INSERT OR REPLACE INTO counted_pages VALUES (?, ?)", (bucket, self.now + LEARNED_FOR)
        )

    def pages_count(self, bucket: str) -> bool:
        """Whether a follow-up page was refused within the last seven days."""
        row = self.connection.execute(
            "SELECT 1 FROM counted_pages WHERE bucket = ? AND until > ?", (bucket, self.now)
        ).fetchone()
        return row is not None

    def trusted_from(self) -> float:
        """From when on the file is known to hold every request that counts: an hour after it was
        found damaged."""
        (at,) = self.connection.execute("SELECT max(at) FROM damages").fetchone()
        return float("-inf") if at is None else float(at) + KEPT


def checksum(connection: sqlite3.Connection, added: Sequence[str] = ADDED_TABLES) -> int:
    """A number that tells whether a row or a table was changed by anything but this module."""
    # None has an index, whose entries this would not see.
    tables = ("sqlite_master", *TABLES, *added)
    rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    return zlib.crc32(repr(rows).encode()) & 0x7FFFFFFF
