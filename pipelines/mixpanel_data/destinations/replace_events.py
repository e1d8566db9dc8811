"""Replaces whole days of the raw events by those of a package."""

from pathlib import Path

import duckdb

from mixpanel_data._internal.sql.events import (
    events_query,
    in_windows,
    local_date_of,
    processed_at,
    read_event_lines,
)
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.destinations import ledger_rows
from mixpanel_data.sources.ledger_rows import DayCounts, day_rows
from mixpanel_data.sources.manifest import Manifest, PackedFile
from mixpanel_data.sources.schema import EVENTS

Connection = duckdb.DuckDBPyConnection

COLUMNS = "event, time, distinct_id, insert_id, properties"


def replace_days(
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
) -> bool:
    """Replace the days of ``packed``. Return False, to roll back, unless every line became an
    event."""
    windows = [file.landed.window for file in packed]
    connection.execute(f"DELETE FROM {EVENTS} WHERE {in_windows(windows, manifest.zone)}")
    # Each file is filtered by its own days: an event outside them belongs to no other file either.
    arrived = " UNION ALL ".join(
        _select_file(files[file.fingerprint], file, manifest) for file in packed
    )
    inserted = connection.execute(f"INSERT INTO {EVENTS} ({COLUMNS}) {arrived}").fetchone()
    if not inserted or inserted[0] != sum(file.landed.lines for file in packed):
        return False
    counts = _day_counts(connection, windows, manifest)
    previous = ledger_rows.previous_counts(connection, EVENTS, load_id)
    ledger_rows.delete_earlier_attempt(connection, EVENTS, load_id)
    for file in packed:
        ledger_rows.insert_ledger_rows(
            connection, day_rows(file.landed, manifest.project, counts, previous, load_id)
        )
        ledger_rows.insert_rejects(connection, EVENTS, file, load_id)
    return True


def _select_file(path: Path, file: PackedFile, manifest: Manifest) -> str:
    """Return a query of the events in a landed file that belong to its days."""
    lines = read_event_lines([path], longest=file.landed.largest_object)
    return (
        f"SELECT {COLUMNS} FROM ({events_query(lines, manifest.zone)}) "
        f"WHERE event IS NOT NULL AND {in_windows([file.landed.window], manifest.zone)}"
    )


def _day_counts(connection: Connection, windows: list[Window], manifest: Manifest) -> DayCounts:
    """Return for each day its events, the latest processing time (UTC), and the late events.

    Late means processed more than a day after the event.
    """
    rows = connection.execute(
        f"""
        SELECT day, count(*), max(processed_at), count(*) FILTER (processed_at - time > INTERVAL 1 DAY)
        FROM (
            SELECT {local_date_of("time", manifest.zone)} AS day, time, {processed_at("properties")} AS processed_at
            FROM {EVENTS} WHERE {in_windows(windows, manifest.zone)}
        )
        GROUP BY day
        """
    ).fetchall()
    return {day: (count, processed_at, late) for day, count, processed_at, late in rows}
