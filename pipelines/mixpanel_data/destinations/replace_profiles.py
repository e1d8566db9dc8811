"""Updates the raw profiles to a read; earlier versions go into their history."""

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
from mixpanel_data.sources.ledger_rows import naive_utc, read_row
from mixpanel_data.sources.manifest import Manifest, PackedFile

Connection = duckdb.DuckDBPyConnection

_HISTORIES = {
    schema.PROFILES: schema.PROFILES_HISTORY,
    schema.GROUP_PROFILES: schema.GROUP_PROFILES_HISTORY,
}


def update_profiles(
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
) -> bool:
    """Update the profiles of ``packed``. Return False, to roll back, unless all could be read."""
    ledger_rows.delete_earlier_attempt(connection, packed[0].landed.kind, load_id)
    for file in packed:  # in the order they were read
        outcome = _ProfileUpdate(connection, file, files[file.fingerprint]).update(load_id)
        if outcome is None:
            return False
        row = read_row(
            file.landed,
            manifest.project,
            load_id,
            profiles=outcome.profiles,
            before=outcome.before,
            newest_seen=outcome.newest_seen,
        )
        ledger_rows.insert_ledger_rows(connection, [row])
        ledger_rows.insert_rejects(connection, file.landed.kind, file, load_id)
    return True


@dataclass(frozen=True)
class _Outcome:
    """The result of a read."""

    profiles: int
    before: int
    """Profiles in the table before it."""
    newest_seen: datetime | None


class _ProfileUpdate:
    """The rows that one file is about: the user profiles, or those of one group key."""

    def __init__(self, connection: Connection, file: PackedFile, path: Path) -> None:
        self._connection = connection
        self._file = file
        self._lines = read_profile_lines(path, file.landed.largest_object)
        self._table = file.landed.kind
        self._key = {"group_key": literal(file.landed.group_key)} if file.landed.group_key else {}
        self._condition = (
            " AND ".join(f"{name} = {value}" for name, value in self._key.items()) or "true"
        )

    def update(self, load_id: str) -> _Outcome | None:
        """Update the rows to the file and return the result; None if it could not be read
        completely."""
        before = self._fetch_row(f"SELECT count(*) FROM {self._table} WHERE {self._condition}")[0]
        self._load_arrived()
        found, nameless, profiles, newest_seen = self._fetch_row(
            "SELECT coalesce(sum(copies), 0), count(*) FILTER (distinct_id IS NULL), count(*), max(last_seen) "
            "FROM arrived"
        )
        if found != self._file.landed.lines or nameless:
            return None
        self._find_changed()
        if self._fetch_row("SELECT count(*) FROM changed")[0]:
            self._write(load_id)
        return _Outcome(profiles, before, newest_seen)

    def _load_arrived(self) -> None:
        """Create the table ``arrived`` with one row an id.

        A profile that changed while the pages were read may be on two of them: the later one
        counts.
        """
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE arrived AS SELECT distinct_id, max(n) AS n, arg_max(digest, n) AS digest, "
            f"count(*) AS copies, max(last_seen) AS last_seen FROM {self._lines} GROUP BY distinct_id"
        )

    def _find_changed(self) -> None:
        """Create the table ``changed`` with the ids whose profile differs; deleted ones have no
        line."""
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE changed AS SELECT arrived.distinct_id, arrived.n FROM arrived LEFT JOIN "
            f"(SELECT distinct_id, digest FROM {self._table} WHERE {self._condition}) AS known USING (distinct_id) "
            "WHERE known.digest IS DISTINCT FROM arrived.digest"
        )
        if not self._file.landed.snapshot_complete:
            return
        # A rejected profile still exists, so its stored version is kept. If one has no readable id,
        # it could be any profile, so no profile is taken for deleted.
        rejects = [item for item in self._file.landed.rejects if not item.is_loaded]
        if any(item.distinct_id is None and item.reason not in NO_ID_REASONS for item in rejects):
            return
        unread = [item.distinct_id for item in rejects if item.distinct_id]
        self._connection.execute(
            f"INSERT INTO changed SELECT distinct_id, NULL FROM {self._table} ANTI JOIN arrived USING (distinct_id) "
            f"WHERE {self._condition} AND distinct_id NOT IN (SELECT unnest($unread::VARCHAR[]))",
            {"unread": unread},
        )

    def _assign_change_times(self) -> None:
        """Give each changed id a time ``changed_at``: the start of the read, or just after the
        known version if that is later.

        So the versions of a profile are in the order of loads, even if the clock was put back
        between two of them.
        """
        now = timestamp(naive_utc(self._file.landed.fetched_at))
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE dated AS SELECT distinct_id, n, greatest({now}, latest + INTERVAL 1 MICROSECOND) "
            "AS changed_at FROM changed LEFT JOIN (SELECT distinct_id, max(known) AS latest FROM ("
            f"SELECT distinct_id, valid_from AS known FROM {self._table} WHERE {self._condition} AND valid_from >= {now} UNION ALL "
            f"SELECT distinct_id, valid_to FROM {_HISTORIES[self._table]} WHERE {self._condition} AND valid_to >= {now}"
            ") GROUP BY distinct_id) USING (distinct_id)"
        )

    def _write(self, load_id: str) -> None:
        self._assign_change_times()
        key = "".join(f"{name}, " for name in self._key)
        value = "".join(f"{literal}, " for literal in self._key.values())
        # The previous version of changed profiles, then of deleted ones, goes into the history.
        for is_deleted, which in (("false", "n IS NOT NULL"), ("true", "n IS NULL")):
            self._connection.execute(
                f"INSERT INTO {_HISTORIES[self._table]} ({key}distinct_id, properties, valid_from, "
                "valid_to, is_deleted, load_id) "
                f"SELECT {key}distinct_id, properties, valid_from, changed_at, {is_deleted}, {literal(load_id)} "
                f"FROM {self._table} JOIN dated USING (distinct_id) WHERE {self._condition} AND {which}"
            )
        # Deleted and changed profiles leave the table; the new versions are inserted below.
        self._connection.execute(
            f"DELETE FROM {self._table} WHERE {self._condition} AND distinct_id IN (SELECT distinct_id FROM changed)"
        )
        self._connection.execute(
            f"INSERT INTO {self._table} ({key}distinct_id, properties, digest, valid_from, "
            "load_id) "
            f"SELECT {value}lines.distinct_id, coalesce(properties, '{{}}'), digest, changed_at, {literal(load_id)} "
            f"FROM {self._lines} AS lines JOIN dated USING (n)"
        )

    def _fetch_row(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row  # noqa: S101  (an aggregate without GROUP BY)
        return row
