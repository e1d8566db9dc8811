"""Bring raw profiles up to what was read of them; what they were goes into their history."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.landing.invalid_profiles import NO_ID_REASONS
from mixpanel_data._internal.sql.profiles import read_profile_lines
from mixpanel_data._internal.sql_literals import literal, timestamp
from mixpanel_data.destinations import ledger_rows
from mixpanel_data.sources import schema
from mixpanel_data.sources.manifest import Manifest, PackedFile

Connection = duckdb.DuckDBPyConnection

_HISTORIES = {
    schema.PROFILES: schema.PROFILES_HISTORY,
    schema.GROUP_PROFILES: schema.GROUP_PROFILES_HISTORY,
}


def replace(
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
) -> bool:
    """Whether every profile of ``packed`` is now as it was read; if not, roll back."""
    ledger_rows.forget(connection, packed[0].kind, load_id)
    for file in packed:  # in the order they were read
        outcome = _Rows(connection, file, files[file.mark]).replace(load_id)
        if outcome is None:
            return False
        ledger_rows.insert(connection, [_ledger(file, manifest, outcome, load_id)])
        ledger_rows.insert_rejects(connection, file.kind, file, load_id)
    return True


@dataclass(frozen=True)
class _Outcome:
    """What a read brought."""

    profiles: int
    before: int
    """Profiles in the table before it."""
    newest_seen: datetime | None


class _Rows:
    """The rows one file speaks of: the user profiles, or those of one group key."""

    def __init__(self, connection: Connection, file: PackedFile, path: Path) -> None:
        self._connection = connection
        self._file = file
        self._lines = read_profile_lines(path, file.largest_object)
        self._table = file.kind
        self._key = {"group_key": literal(file.group_key)} if file.group_key else {}
        self._mine = (
            " AND ".join(f"{name} = {value}" for name, value in self._key.items()) or "true"
        )

    def replace(self, load_id: str) -> _Outcome | None:
        """What the file brought, now that the rows agree with it; None if it could not all be read."""
        before = self._one(f"SELECT count(*) FROM {self._table} WHERE {self._mine}")[0]
        self._gather()
        found, nameless, profiles, newest_seen = self._one(
            "SELECT coalesce(sum(copies), 0), count(*) FILTER (distinct_id IS NULL), count(*), max(last_seen) "
            "FROM arrived"
        )
        if found != self._file.lines or nameless:
            return None
        self._compare()
        if self._one("SELECT count(*) FROM changed")[0]:
            self._write(load_id)
        return _Outcome(profiles, before, newest_seen)

    def _gather(self) -> None:
        """One row for each id. One that changed while the pages were read can stand on two of them:
        the later counts."""
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE arrived AS SELECT distinct_id, max(n) AS n, arg_max(digest, n) AS digest, "
            f"count(*) AS copies, max(last_seen) AS last_seen FROM {self._lines} GROUP BY distinct_id"
        )

    def _compare(self) -> None:
        """The ids whose profile is not what the table has; those that are gone have no line."""
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE changed AS SELECT arrived.distinct_id, arrived.n FROM arrived LEFT JOIN "
            f"(SELECT distinct_id, digest FROM {self._table} WHERE {self._mine}) AS known USING (distinct_id) "
            "WHERE known.digest IS DISTINCT FROM arrived.digest"
        )
        if not self._file.snapshot_complete:
            return
        # A rejected profile is there all the same: what is known of it stands. Of whom one is that
        # has no readable id, nobody knows; so nobody is taken for deleted.
        rejects = [item for item in self._file.rejects if not item.is_loaded]
        if any(item.distinct_id is None and item.reason not in NO_ID_REASONS for item in rejects):
            return
        unread = [item.distinct_id for item in rejects if item.distinct_id]
        self._connection.execute(
            f"INSERT INTO changed SELECT distinct_id, NULL FROM {self._table} ANTI JOIN arrived USING (distinct_id) "
            f"WHERE {self._mine} AND distinct_id NOT IN (SELECT unnest($unread::VARCHAR[]))",
            {"unread": unread},
        )

    def _date(self) -> None:
        """Give each changed id a time ``changed_at``: when the read began, or just after what is
        known of it if that is later.

        So versions of a profile stand in the order of loads even where the clock was put back
        between two.
        """
        now = timestamp(ledger_rows.naive_utc(self._file.fetched_at))
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE dated AS SELECT distinct_id, n, greatest({now}, latest + INTERVAL 1 MICROSECOND) "
            "AS changed_at FROM changed LEFT JOIN (SELECT distinct_id, max(known) AS latest FROM ("
            f"SELECT distinct_id, valid_from AS known FROM {self._table} WHERE {self._mine} AND valid_from >= {now} UNION ALL "
            f"SELECT distinct_id, valid_to FROM {_HISTORIES[self._table]} WHERE {self._mine} AND valid_to >= {now}"
            ") GROUP BY distinct_id) USING (distinct_id)"
        )

    def _write(self, load_id: str) -> None:
        self._date()
        key = "".join(f"{name}, " for name in self._key)
        value = "".join(f"{literal}, " for literal in self._key.values())
        for is_deleted, which in (("false", "n IS NOT NULL"), ("true", "n IS NULL")):
            self._connection.execute(
                f"INSERT INTO {_HISTORIES[self._table]} ({key}distinct_id, properties, valid_from, valid_to, is_deleted, load_id) "
                f"SELECT {key}distinct_id, properties, valid_from, changed_at, {is_deleted}, {literal(load_id)} "
                f"FROM {self._table} JOIN dated USING (distinct_id) WHERE {self._mine} AND {which}"
            )
        self._connection.execute(
            f"DELETE FROM {self._table} WHERE {self._mine} AND distinct_id IN (SELECT distinct_id FROM changed)"
        )
        self._connection.execute(
            f"INSERT INTO {self._table} ({key}distinct_id, properties, digest, valid_from, load_id) "
            f"SELECT {value}lines.distinct_id, coalesce(properties, '{{}}'), digest, changed_at, {literal(load_id)} "
            f"FROM {self._lines} AS lines JOIN dated USING (n)"
        )

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row  # noqa: S101  (an aggregate without GROUP BY)
        return row


def _ledger(
    file: PackedFile, manifest: Manifest, outcome: _Outcome, load_id: str
) -> ledger_rows.Row:
    """The row of a read. Of an increment it tells the time it speaks of, and no count before: it
    brought but a part."""
    return ledger_rows.common(file.kind, file, manifest, load_id) | {
        "window_start": file.window.first,
        "window_end": file.window.last,
        "range_start": file.since,
        "range_end": ledger_rows.naive_utc(file.fetched_at) if file.since else None,
        "row_count": outcome.profiles,
        "previous_row_count": outcome.before if file.snapshot_complete else None,
        "rejected_count": file.rejected_count,
        "bytes": file.size,
        "max_processed_at": outcome.newest_seen,
        "requests": file.requests,
        "duration_seconds": file.duration_seconds,
        "snapshot_complete": file.snapshot_complete,
    }
