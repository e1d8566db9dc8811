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
create table if not exists mixpanel.profiles (distinct_id varchar, properties json);
create table if not exists mixpanel.group_profiles (group_key varchar, distinct_id varchar, properties json);
create table if not exists mixpanel._metadata (
    table_name varchar, fetch_type varchar, project_id varchar, region varchar, window_start date, window_end date,
    range_start timestamp, range_end timestamp, filter_hash varchar, row_count bigint, previous_row_count bigint,
    rejected_count bigint, late_count bigint, bytes bigint, max_processed_at timestamp, requests bigint,
    fetched_at timestamp, duration_seconds double, load_id varchar, snapshot_complete boolean, wanted_from date,
    _dlt_load_id varchar, _dlt_id varchar
);
create table if not exists mixpanel._rejected (
    table_name varchar, window_start date, window_end date, line_number bigint, raw varchar, reason varchar,
    load_id varchar, rejected_at timestamp
);
create table if not exists mixpanel._dlt_loads (
    load_id varchar, schema_name varchar, status bigint, inserted_at timestamptz, schema_version_hash varchar
);
"""


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
        self, days: Mapping[date, Iterable[Event]], *, committed: bool = True, rewrite: bool = True
    ) -> str:
        """The id of a load that replaces these days; an uncommitted one is what a killed run leaves."""
        self._loads += 1
        load_id = f"17000000{self._loads:02}.5"
        with duckdb.connect(self.path) as db:
            for day, events in days.items():
                self._replace(db, day, [event.row() for event in events], load_id, rewrite)
            if committed:
                self._commit(db, load_id)
        return load_id

    def profiles(self, ids: Iterable[str]) -> None:
        """Replaces the profiles."""
        self._loads += 1
        with duckdb.connect(self.path) as db:
            db.execute("delete from mixpanel.profiles")
            for name in ids:
                db.execute(
                    "insert into mixpanel.profiles values (?, ?)",
                    [name, '{"$last_seen": "2026-01-02T03:04:05"}'],
                )
            load_id = f"17000000{self._loads:02}.5"
            self._note(db, "profiles", date(2026, 1, 1), 0, load_id)
            self._commit(db, load_id)

    def _replace(
        self, db: duckdb.DuckDBPyConnection, day: date, rows: list[Any], load_id: str, rewrite: bool
    ) -> None:
        if rewrite:
            db.execute("delete from mixpanel.events where time::date = ?", [day])
        if rows:
            db.executemany("insert into mixpanel.events values (?, ?, ?, ?, ?)", rows)
        self._note(db, "events", day, len(rows), load_id)

    def _note(
        self, db: duckdb.DuckDBPyConnection, table: str, day: date, rows: int, load_id: str
    ) -> None:
        db.execute(
            """
            insert into mixpanel._metadata by name
            select
                $table as table_name, $table as fetch_type, '1' as project_id, 'us' as region, $day as window_start,
                $day as window_end, $day::timestamp as range_start, $next::timestamp as range_end, '' as filter_hash,
                $rows as row_count, now() at time zone 'UTC' as fetched_at, $load as load_id
            """,
            {
                "table": table,
                "day": day,
                "next": day + timedelta(days=1),
                "rows": rows,
                "load": load_id,
            },
        )

    def _commit(self, db: duckdb.DuckDBPyConnection, load_id: str) -> None:
        for _ in range(2):  # dlt may list a load twice
            db.execute(
                "insert into mixpanel._dlt_loads values (?, 'mixpanel', 0, now(), 'x')", [load_id]
            )
