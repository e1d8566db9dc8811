"""Converts verified files to Arrow with DuckDB: no row passes through Python.

A file is first copied to parquet, which proves that DuckDB can read every line of it before the
first row is yielded, and keeps the memory within one batch of rows.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.schema.typing import TColumnSchema

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.landing.files import REPAIRED, Landed, Reject
from mixpanel_data._internal.landing.invalid_profiles import NO_ID_REASONS
from mixpanel_data._internal.sql.events import (
    events_query,
    in_windows,
    local_date_of,
    processed_at,
    read_event_lines,
)
from mixpanel_data._internal.sql.profiles import read_profile_lines
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.sources.arrow import arrow_schema, require_pyarrow
from mixpanel_data.sources.ledger_rows import DayCounts

BATCH_ROWS = 50_000

# Errors that mean "this file can't be read", not "this machine can't do it now".
UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)

Connection = duckdb.DuckDBPyConnection
Columns = Mapping[str, TColumnSchema]


@dataclass(frozen=True)
class ConvertedEvents:
    """The events of a file. Usable until the block of :func:`converted_events` ends."""

    connection: Connection
    parquet: Path
    rows: int
    counts: DayCounts

    def batches(self, columns: Columns, load_id: str, *, keeps_nul: bool) -> Iterator[Any]:
        """Yield tables of Arrow with these columns of the events.

        Without ``keeps_nul``, U+0000 in texts is replaced by U+FFFD.
        """
        event, *texts = (
            _text(name, keeps_nul=keeps_nul) for name in ("event", "distinct_id", "insert_id")
        )
        yield from _tables(
            self.connection,
            columns,
            f"SELECT {event}, time, {', '.join(texts)}, properties, day, file_row_number AS row_number, "
            f"{literal(load_id)} AS load_id, NULL::BOOLEAN AS is_deleted FROM "
            f"read_parquet({literal(self.parquet)}, file_row_number = true)",
        )

    def with_nul(self) -> list[Reject]:
        """Return the events that have U+0000 in a text, as repaired lines."""
        rows = self.connection.execute(
            "SELECT file_row_number + 1, to_json({event: event, properties: properties::JSON})"
            f"::VARCHAR FROM read_parquet({literal(self.parquet)}, file_row_number = true) "
            "WHERE contains(concat(event, distinct_id, insert_id), chr(0))"
        ).fetchall()
        return [Reject(number, raw, REPAIRED) for number, raw in rows]


@contextmanager
def converted_events(file: Landed, zone: Zone) -> Iterator[ConvertedEvents | None]:
    """Convert a file of events; None if DuckDB can't read every line of it."""
    with _parquet_of(file) as (connection, parquet):
        lines = read_event_lines([file.path], longest=file.largest_object)
        query = (
            "SELECT event, time, distinct_id, insert_id, properties::VARCHAR AS properties, "
            f"{local_date_of('time', zone)} AS day FROM ({events_query(lines, zone)}) "
            f"WHERE event IS NOT NULL AND {in_windows([file.window], zone)}"
        )
        rows = _copy(connection, query, parquet)
        if rows != file.lines:
            yield None
            return
        counts = connection.execute(
            "SELECT day, count(*), max(processed_at), count(*) FILTER (processed_at - time > INTERVAL 1 DAY) "
            f"FROM (SELECT day, time, {processed_at('properties')} AS processed_at "
            f"FROM read_parquet({literal(parquet)})) GROUP BY day"
        ).fetchall()
        days = {day: (count, latest, late) for day, count, latest, late in counts}
        yield ConvertedEvents(connection, parquet, rows, days)


@dataclass(frozen=True)
class ConvertedProfiles:
    """The profiles of a file, one row an id. Usable until the block ends."""

    connection: Connection
    parquet: Path
    file: Landed
    rows: int
    newest_seen: datetime | None

    def batches(
        self, columns: Columns, load_id: str, load_number: int, *, keeps_nul: bool
    ) -> Iterator[Any]:
        """Yield tables of Arrow with these columns of the profiles."""
        group = f"{literal(self.file.group_key)} AS group_key, " if self.file.group_key else ""
        distinct_id = _text("distinct_id", keeps_nul=keeps_nul)
        yield from _tables(
            self.connection,
            columns,
            f"SELECT {group}{distinct_id}, properties, {self._fetched_at} AS fetched_at, "
            f"{load_number}::BIGINT AS load_number, {literal(load_id)} AS load_id, "
            f"NULL::BOOLEAN AS is_deleted FROM read_parquet({literal(self.parquet)})",
        )

    def with_nul(self) -> list[Reject]:
        """Return the profiles that have U+0000 in their id, as repaired lines."""
        rows = self.connection.execute(
            'SELECT n, to_json({"$distinct_id": distinct_id, "$properties": properties::JSON})'
            f"::VARCHAR, distinct_id FROM read_parquet({literal(self.parquet)}) "
            "WHERE contains(distinct_id, chr(0))"
        ).fetchall()
        return [Reject(number, raw, REPAIRED, name) for number, raw, name in rows]

    def deleted(self, stored: Collection[str]) -> list[str]:
        """Return the ids among ``stored`` that a complete snapshot no longer has.

        A rejected profile still exists. If one has no readable id, it could be any profile, so no
        profile is taken for deleted.
        """
        if not self.file.snapshot_complete:
            return []
        rejects = [item for item in self.file.rejects if not item.is_loaded]
        if any(item.distinct_id is None and item.reason not in NO_ID_REASONS for item in rejects):
            return []
        unread = {item.distinct_id for item in rejects if item.distinct_id}
        found = self.connection.execute(
            "SELECT unnest($stored::VARCHAR[]) "
            f"EXCEPT SELECT {_text('distinct_id', keeps_nul=False)} "
            f"FROM read_parquet({literal(self.parquet)}) EXCEPT SELECT distinct_id "
            f"FROM read_parquet({literal(self.parquet)})",
            {"stored": list(stored)},
        ).fetchall()
        return sorted({name for (name,) in found} - unread)

    @property
    def _fetched_at(self) -> str:
        return f"make_timestamp({int(self.file.fetched_at.timestamp() * 1_000_000)})"


def _text(name: str, *, keeps_nul: bool) -> str:
    """Return SQL for a column of text; without ``keeps_nul``, with U+FFFD in place of U+0000."""
    return name if keeps_nul else f"replace({name}, chr(0), chr(65533)) AS {name}"


@contextmanager
def converted_profiles(file: Landed) -> Iterator[ConvertedProfiles | None]:
    """Convert a file of profiles; None if DuckDB can't read every one of it.

    A profile that changed while the pages were read may be on two of them: the later one counts.
    """
    with _parquet_of(file) as (connection, parquet):
        lines = read_profile_lines(file.path, file.largest_object)
        query = (
            "SELECT n, distinct_id, coalesce(properties::VARCHAR, '{}') AS properties, last_seen, "
            f"count(*) OVER (PARTITION BY distinct_id) AS copies FROM {lines} "
            "QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY n DESC) = 1"
        )
        rows = _copy(connection, query, parquet)
        found = (
            connection.execute(
                "SELECT coalesce(sum(copies), 0), count(*) FILTER (distinct_id IS NULL), max(last_seen) "
                f"FROM read_parquet({literal(parquet)})"
            ).fetchall()[0]
            if rows is not None
            else ()
        )
        if rows is None or found[0] != file.lines or found[1]:
            yield None
            return
        yield ConvertedProfiles(connection, parquet, file, rows, found[2])


@contextmanager
def _parquet_of(file: Landed) -> Iterator[tuple[Connection, Path]]:
    require_pyarrow()
    parquet = file.path.with_name(file.path.name + ".parquet")
    config: dict[str, str | bool | int | float | list[str]] = {
        "preserve_insertion_order": "false",
        "memory_limit": MEMORY_LIMIT,
    }
    try:
        with duckdb.connect(config=config) as connection:
            yield connection, parquet
    finally:
        parquet.unlink(missing_ok=True)


def _copy(connection: Connection, query: str, parquet: Path) -> int | None:
    """Write the rows of ``query`` to a file, and return their number; None if a line can't be
    read."""
    with suppress(*UNREADABLE):
        found = connection.execute(
            f"COPY ({query}) TO {literal(parquet)} (FORMAT parquet, COMPRESSION lz4_raw)"
        ).fetchone()
        return int(found[0]) if found else None
    connection.execute(
        f"COPY (SELECT NULL AS n WHERE false) TO {literal(parquet)} (FORMAT parquet)"
    )
    return None


def _tables(connection: Connection, columns: Columns, query: str) -> Iterator[Any]:
    import pyarrow as pa

    schema = arrow_schema(columns)
    for batch in connection.sql(f"SELECT {', '.join(columns)} FROM ({query})").to_arrow_reader(
        BATCH_ROWS
    ):
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(schema)
