"""A raw database as the loader leaves it, written with plain SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson

SCHEMA = """
create schema if not exists mixpanel;
create table if not exists mixpanel.events (
    event varchar, time timestamp, distinct_id varchar, insert_id varchar, properties json
);
create table if not exists mixpanel.profiles (
    distinct_id varchar, properties json, digest varchar, valid_from timestamp, load_id varchar
);
create table if not exists mixpanel._profiles_history (
    distinct_id varchar, properties json, valid_from timestamp, valid_to timestamp, is_deleted boolean, load_id varchar
);
create table if not exists mixpanel.group_profiles (
    group_key varchar, distinct_id varchar, properties json, digest varchar, valid_from timestamp, load_id varchar
);
create table if not exists mixpanel._group_profiles_history (
    group_key varchar, distinct_id varchar, properties json, valid_from timestamp, valid_to timestamp,
    is_deleted boolean, load_id varchar
);
create table if not exists mixpanel._metadata (
    table_name varchar, fetch_type varchar, project_id varchar, region varchar, window_start date, window_end date,
    range_start timestamp, range_end timestamp, filter_hash varchar, row_count bigint, previous_row_count bigint,
    rejected_count bigint, late_count bigint, bytes bigint, max_processed_at timestamp, requests bigint,
    fetched_at timestamp, duration_seconds double, load_id varchar, snapshot_complete boolean, wanted_from date,
    load_number bigint, _dlt_load_id varchar, _dlt_id varchar
);
create table if not exists mixpanel._rejected (
    table_name varchar, window_start date, window_end date, line_number bigint, raw varchar, reason varchar,
    load_id varchar, rejected_at timestamp
);
create table if not exists mixpanel._dlt_loads (
    load_id varchar, schema_name varchar, status bigint, inserted_at timestamptz, schema_version_hash varchar
);
"""


SEEN = {"$last_seen": "2026-01-02T03:04:05"}


@dataclass(frozen=True)
class Event:
    """One exported event."""

    time: datetime
    name: str = "Paid"
    user: str | None = "u1"
    insert_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> tuple[Any, ...]:
        properties = orjson.dumps(dict(self.properties)).decode()
        return self.name, self.time, self.user, self.insert_id, properties


def at(text: str) -> datetime:
    """This moment in UTC, without a zone, as DuckDB's TIMESTAMP has it."""
    return datetime.fromisoformat(text)


class RawFile:
    """``raw.duckdb`` of a data folder; each load is a package of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path) as db:
            db.execute(SCHEMA)
            loads = db.execute("select count(distinct load_id) from mixpanel._metadata").fetchone()
        self._loads = loads[0] if loads else 0

    def load(
        self,
        days: Mapping[date, Iterable[Event]],
        *,
        committed: bool = True,
        rewrite: bool = True,
        fetched_at: Mapping[date, datetime] | None = None,
    ) -> str:
        """The id of a load that replaces these days; an uncommitted one is what a killed run leaves.

        Days were fetched now, but those in ``fetched_at``.
        """
        self._loads += 1
        load_id = f"17000000{self._loads:02}.5"
        with duckdb.connect(self.path) as db:
            for day, events in days.items():
                rows = [event.row() for event in events]
                self._replace(db, day, rows, load_id, rewrite, (fetched_at or {}).get(day))
            if committed:
                self._commit(db, load_id)
        return load_id

    def profiles(
        self, found: Iterable[str] | Mapping[str, Mapping[str, Any]], *, complete: bool = True
    ) -> datetime:
        """When a read began that found these profiles, by id; of a complete one, those it did not find are gone."""
        people = found if isinstance(found, Mapping) else dict.fromkeys(found, SEEN)
        return self._read_profiles("profiles", "", people, complete=complete)

    def group_profiles(self, key: str, found: Mapping[str, Mapping[str, Any]]) -> datetime:
        """When a complete read began that found these profiles of a group key, by id."""
        return self._read_profiles("group_profiles", key, found, complete=True)

    def _read_profiles(
        self, table: str, key: str, found: Mapping[str, Mapping[str, Any]], *, complete: bool
    ) -> datetime:
        self._loads += 1
        load_id = f"17000000{self._loads:02}.5"
        now = at("2026-04-01 03:00") + timedelta(days=self._loads)
        mine, extra = (f"group_key = '{key}'", "group_key, ") if key else ("true", "")
        with duckdb.connect(self.path) as db:
            known = dict(
                db.execute(
                    f"select distinct_id, properties from mixpanel.{table} where {mine}"
                ).fetchall()
            )
            texts = {name: orjson.dumps(dict(held)).decode() for name, held in found.items()}
            gone = [name for name in known if complete and name not in texts]
            news = [name for name, text in texts.items() if known.get(name) != text]
            for name in [*gone, *news]:
                db.execute(
                    f"insert into mixpanel._{table}_history by name select {extra}distinct_id, properties, valid_from, "
                    f"$now as valid_to, $gone as is_deleted, $load as load_id from mixpanel.{table} "
                    f"where {mine} and distinct_id = $name",
                    {"now": now, "gone": name in gone, "load": load_id, "name": name},
                )
                db.execute(f"delete from mixpanel.{table} where {mine} and distinct_id = ?", [name])
            for name in news:
                db.execute(
                    f"insert into mixpanel.{table} by name select {repr(key) + ' as group_key, ' if key else ''}"
                    "$name as distinct_id, $text::json as properties, md5($text) as digest, $now as valid_from, $load as load_id",
                    {"name": name, "text": texts[name], "now": now, "load": load_id},
                )
            self._note(db, table, now.date(), len(texts), load_id, fetched_at=now)
            self._commit(db, load_id)
        return now

    def _replace(
        self,
        db: duckdb.DuckDBPyConnection,
        day: date,
        rows: list[Any],
        load_id: str,
        rewrite: bool,
        fetched_at: datetime | None,
    ) -> None:
        if rewrite:
            db.execute("delete from mixpanel.events where time::date = ?", [day])
        if rows:
            db.executemany("insert into mixpanel.events values (?, ?, ?, ?, ?)", rows)
        self._note(db, "events", day, len(rows), load_id, fetched_at)

    def _note(
        self,
        db: duckdb.DuckDBPyConnection,
        table: str,
        day: date,
        rows: int,
        load_id: str,
        fetched_at: datetime | None = None,
    ) -> None:
        db.execute(
            """
            insert into mixpanel._metadata by name
            select
                $table as table_name, $table as fetch_type, '1' as project_id, 'us' as region, $day as window_start,
                $day as window_end, $day::timestamp as range_start, $next::timestamp as range_end, 'all' as filter_hash,
                $rows as row_count,
                coalesce($fetched_at, now() at time zone 'UTC') as fetched_at, $load as load_id,
                $number as load_number
            """,
            {
                "table": table,
                "day": day,
                "next": day + timedelta(days=1),
                "rows": rows,
                "load": load_id,
                "number": self._loads,
                "fetched_at": fetched_at,
            },
        )

    def _commit(self, db: duckdb.DuckDBPyConnection, load_id: str) -> None:
        for _ in range(2):  # dlt may list a load twice
            db.execute(
                "insert into mixpanel._dlt_loads values (?, 'mixpanel', 0, now(), 'x')", [load_id]
            )
