"""Moves the raw tables between `raw.duckdb` and the Iceberg catalog, and compares each day."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, In

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import make_private
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql.events import local_date_of
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.destinations.iceberg import ledger, load
from mixpanel_data.destinations.iceberg.catalog import (
    LOADS,
    TABLES,
    Lake,
    open_lake,
    translate_iceberg_errors,
)
from mixpanel_data.destinations.iceberg.catalog_lock import exclusive_catalog
from mixpanel_data.destinations.iceberg.ledger_copy import write_ledger_copy
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.sources import schema
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

Rows = tuple[int, str]
"""The number of rows, and a hash of them that their order does not change."""

_OTHERS = (
    (schema.PROFILES, schema.PROFILES_HISTORY),
    (schema.GROUP_PROFILES, schema.GROUP_PROFILES_HISTORY),
)


@dataclass(frozen=True)
class Moved:
    """The result of a move. Each day, and each other table, has equal rows on both sides."""

    to: str
    days: int
    events: int
    others: dict[str, int]
    """Rows of the other raw tables."""


def move_engine(
    settings: Settings, to: str, *, on_progress: Callable[[str], None] = lambda _: None
) -> Moved:
    """Copy the raw tables to the engine ``to``, ``duckdb`` or ``spark``, and compare both sides.

    The source is left as it is. Events are copied month by month; a move that is repeated replaces
    the same days. The caller must hold the folder's lock.

    Args:
        settings: The settings; the catalog and the warehouse must be set, for any engine.
        to: The engine that gets the rows.
        on_progress: Called with each month and table.

    Raises:
        ConfigError: if the catalog or the warehouse is not set, there is nothing to move, or the
            target has data that the move would delete.
        DatabaseLockedError: if another process loads into the catalog, or builds there.
        MixpanelDataError: if a day or a table differs afterwards; the message names it.
    """
    if not (settings.catalog and settings.warehouse):
        raise ConfigError(
            "A move needs the catalog and the warehouse: set MP_CATALOG and MP_WAREHOUSE, or "
            "`catalog` and `warehouse` in [engine] of .dlt/config.toml."
        )
    raw = DataFolder.at(settings.data_dir).raw
    run = _to_spark if to == "spark" else _to_duckdb
    with exclusive_catalog(settings, wait_seconds=LOCK_WAIT_SECONDS):
        return run(open_lake(settings), raw, settings, on_progress)


def _to_spark(
    lake: Lake, raw: Path, settings: Settings, on_progress: Callable[[str], None]
) -> Moved:
    if not raw.is_file():
        raise ConfigError(f"There is nothing to move: {raw} does not exist.")
    there = ledger.read_ledger_rows(lake)
    with duckdb.connect(str(raw), read_only=True, config={"memory_limit": MEMORY_LIMIT}) as source:
        source.execute("USE mixpanel")
        rows = _committed_ledger(source)
        if ledger.loads_in(there) - ledger.loads_in(rows):
            raise ConfigError(
                "The catalog has loads that raw.duckdb lacks, and a move would delete their days. "
                "Move to a catalog without tables in mx_raw."
            )
        events = _move_events(lake, source, rows, settings.zone, on_progress)
        others = _move_others(lake, source, rows, on_progress)
        ledger.write_ledger_table(lake)
        write_ledger_copy(lake, DataFolder.at(settings.data_dir, engine="spark"))
        with duckdb.connect() as copy:
            _compare(source, lake, copy, rows, settings.zone)
    return Moved("spark", len(_days(rows)), events, others)


def _committed_ledger(source: duckdb.DuckDBPyConnection) -> list[ledger.Row]:
    there = {name for name, *_ in source.execute(f"DESCRIBE {schema.LEDGER}").fetchall()}
    columns = ", ".join(name if name in there else f"NULL AS {name}" for name in ledger.COLUMNS)
    return source.execute(
        f"SELECT {columns} FROM {schema.LEDGER} "
        f"WHERE load_id IN (SELECT load_id FROM {LOADS} WHERE status = 0)"
    ).fetchall()


def _days(rows: Sequence[ledger.Row]) -> list[date]:
    kind, day = ledger.COLUMNS.index("table_name"), ledger.COLUMNS.index("window_start")
    return sorted({row[day] for row in rows if row[kind] == schema.EVENTS})


def _of_kind(rows: Sequence[ledger.Row], kind: str) -> list[ledger.Row]:
    return [row for row in rows if row[ledger.COLUMNS.index("table_name")] == kind]


def _move_events(
    lake: Lake,
    source: duckdb.DuckDBPyConnection,
    rows: Sequence[ledger.Row],
    zone: Zone,
    on_progress: Callable[[str], None],
) -> int:
    day = ledger.COLUMNS.index("window_start")
    events = _of_kind(rows, schema.EVENTS)
    moved = 0
    for month, days_of_month in groupby(_days(rows), key=lambda each: f"{each:%Y-%m}"):
        days = set(days_of_month)
        on_progress(month)
        content = source.sql(_events_query(days, events, zone)).to_arrow_table()
        load.replace(
            lake.table(schema.EVENTS),
            content,
            In("day", days),
            [row for row in events if row[day] in days],
        )
        moved += content.num_rows
    return moved


def _events_query(days: set[date], rows: Sequence[ledger.Row], zone: Zone) -> str:
    """Return the events of these days, each with the load that its day has in the ledger."""
    at = {name: ledger.COLUMNS.index(name) for name in ("window_start", "load_number", "load_id")}
    newest: dict[date, tuple[int, str]] = {}
    for row in rows:
        known = newest.get(row[at["window_start"]], (-1, ""))
        newest[row[at["window_start"]]] = max(
            known, (row[at["load_number"]] or 0, row[at["load_id"]])
        )
    loads = ", ".join(f"(DATE '{each}', {literal(newest[each][1])})" for each in sorted(days))
    columns = _selected(schema.EVENT_COLUMNS)
    return (
        f"SELECT {columns}, day, load_id FROM "
        f"(SELECT *, {local_date_of('time', zone)} AS day FROM {schema.EVENTS}) "
        f"JOIN (VALUES {loads}) AS loads (day, load_id) USING (day) ORDER BY day"
    )


def _selected(columns: Iterable[str]) -> str:
    """Return columns for a SELECT; JSON as text, which Iceberg has instead."""
    return ", ".join(
        "CAST(properties AS VARCHAR) AS properties" if name == "properties" else name
        for name in columns
    )


def _move_others(
    lake: Lake,
    source: duckdb.DuckDBPyConnection,
    rows: Sequence[ledger.Row],
    on_progress: Callable[[str], None],
) -> dict[str, int]:
    moved = {}
    for name in (schema.REJECTED, *(history for _, history in _OTHERS)):
        on_progress(name)
        content = source.sql(_plain(name)).to_arrow_table()
        with translate_iceberg_errors():
            lake.table(name).overwrite(content)
        moved[name] = content.num_rows
    for name, _ in _OTHERS:
        of_kind = _of_kind(rows, name)
        on_progress(name)
        content = source.sql(_plain(name)).to_arrow_table()
        if of_kind or content.num_rows:
            load.replace(lake.table(name), content, AlwaysTrue(), of_kind)
        moved[name] = content.num_rows
    return moved


def _plain(name: str) -> str:
    """Return a query of a raw table with the columns of its Iceberg table."""
    return f"SELECT {_selected(TABLES[name])} FROM {name}"


def _to_duckdb(
    lake: Lake, raw: Path, settings: Settings, on_progress: Callable[[str], None]
) -> Moved:
    rows = ledger.write_ledger_table(lake)
    if not rows:
        raise ConfigError("There is nothing to move: the catalog has no ledger rows.")
    if raw.is_file():
        raise ConfigError(
            f"{raw} exists. Move it away first: the tables of the catalog are copied into a new file."
        )
    DataFolder.at(settings.data_dir).create()
    with writing(raw) as target:
        others = write_raw(lake, target, rows, on_progress)
        _compare(target, lake, target, rows, settings.zone)
    return Moved("duckdb", len(_days(rows)), others.pop(schema.EVENTS), others)


@contextmanager
def writing(raw: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a new database in place of ``raw``, which gets its name at the end of the block."""
    new = raw.with_name(f"{raw.name}.part")
    new.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(new), config={"memory_limit": MEMORY_LIMIT}) as connection:
            yield connection
        make_private(new)
        new.replace(raw)
    finally:
        new.unlink(missing_ok=True)


_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


def write_raw(
    lake: Lake,
    target: duckdb.DuckDBPyConnection,
    rows: Sequence[ledger.Row],
    on_progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Write the raw tables of the catalog into a new database, in the form that the loader of DuckDB
    continues; return their numbers of rows."""
    target.execute("SET preserve_insertion_order = false")
    target.execute(f"CREATE SCHEMA {schema.DATASET}")
    target.execute(f"USE {schema.DATASET}")
    moved = {}
    for name, columns in TABLES.items():
        if name in (schema.LEDGER, LOADS):
            continue
        kept = {
            k: v for k, v in columns.items() if name != schema.EVENTS or k in schema.EVENT_COLUMNS
        }
        types = ", ".join(
            f"{column} JSON USING COMPRESSION zstd"
            if column == "properties"
            else f"{column} {_DUCKDB_TYPES[kind]}"
            for column, kind in kept.items()
        )
        target.execute(f"CREATE TABLE {name} ({types})")
        on_progress(name)
        target.register("arrived_rows", lake.table(name).scan().to_arrow_batch_reader())
        target.execute(f"INSERT INTO {name} SELECT {', '.join(kept)} FROM arrived_rows")
        target.unregister("arrived_rows")
        [(moved[name],)] = target.execute(f"SELECT count(*) FROM {name}").fetchall()
    target.execute(f"CREATE TABLE {schema.LEDGER} ({ledger.definitions()})")
    # The columns are those of dlt, which adds to this table.
    target.execute(
        f"CREATE TABLE {LOADS} (load_id VARCHAR NOT NULL, schema_name VARCHAR, status BIGINT NOT NULL, "
        "inserted_at TIMESTAMP WITH TIME ZONE NOT NULL, schema_version_hash VARCHAR)"
    )
    ledger.insert_table(target, schema.LEDGER, ledger.as_arrow(rows))
    target.execute(
        f"INSERT INTO {LOADS} (load_id, schema_name, status, inserted_at) "
        f"SELECT DISTINCT load_id, 'mixpanel', 0, now() FROM {schema.LEDGER}"
    )
    return moved


def _compare(
    duck: duckdb.DuckDBPyConnection,
    lake: Lake,
    scratch: duckdb.DuckDBPyConnection,
    rows: Sequence[ledger.Row],
    zone: Zone,
) -> None:
    """Raise MixpanelDataError unless each day and table has the same rows on both sides."""
    day, fetched = local_date_of("time", zone), set(_days(rows))
    columns = ", ".join(
        _hashed(name, kind)
        for name, kind in TABLES[schema.EVENTS].items()
        if name not in ("day", "load_id")
    )
    mine = _by_part(duck, f"(SELECT *, {day} AS part FROM {schema.EVENTS})", columns)
    reader = lake.table(schema.EVENTS).scan().to_arrow_batch_reader()
    theirs = _arrow_by_part(scratch, reader, "day AS part", columns)
    wrong = [part for part in sorted(fetched) if mine.get(part) != theirs.get(part)]
    differing = [str(part) for part in wrong]
    for name in (schema.REJECTED, *(name for pair in _OTHERS for name in pair)):
        hashed = ", ".join(_hashed(column, kind) for column, kind in TABLES[name].items())
        here = _by_part(duck, f"(SELECT *, 0 AS part FROM {name})", hashed)
        reader = lake.table(name).scan().to_arrow_batch_reader()
        if here != _arrow_by_part(scratch, reader, "0 AS part", hashed):
            differing.append(name)
    if differing:
        raise MixpanelDataError(
            f"These differ after the move: {', '.join(differing[:10])}. Nothing was deleted. Run "
            "`mp verify`, and repeat the move.",
            details={"differing": differing},
        )


def _hashed(name: str, kind: str) -> str:
    return (
        f"CAST({name} AS VARCHAR)" if kind != "timestamp" else f"CAST(epoch_us({name}) AS VARCHAR)"
    )


def _by_part(connection: duckdb.DuckDBPyConnection, table: str, columns: str) -> dict[object, Rows]:
    found = connection.execute(
        f"SELECT part, count(*), sum(md5_number_lower(to_json([{columns}]))::HUGEINT)::VARCHAR "
        f"FROM {table} GROUP BY part"
    ).fetchall()
    return {part: (count, digest) for part, count, digest in found}


def _arrow_by_part(
    connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader, part: str, columns: str
) -> dict[object, Rows]:
    connection.register("compared_rows", reader)
    try:
        return _by_part(connection, f"(SELECT *, {part} FROM compared_rows)", columns)
    finally:
        connection.unregister("compared_rows")
