"""Replaces whole days of the raw events by those of a package."""

from datetime import date, datetime
from pathlib import Path

import duckdb

from mixpanel_data._internal.sql.events import (
    events_query,
    in_windows,
    local_date_of,
    processed_at,
    read_event_lines,
    window_bounds,
)
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.destinations import ledger_rows
from mixpanel_data.sources.manifest import Manifest, PackedFile
from mixpanel_data.sources.schema import EVENTS

Connection = duckdb.DuckDBPyConnection
DayCounts = dict[date, tuple[int, datetime | None, int]]

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
            connection, _ledger_rows(file, manifest, counts, previous, load_id)
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


def _ledger_rows(
    file: PackedFile,
    manifest: Manifest,
    counts: DayCounts,
    previous: dict[date, int],
    load_id: str,
) -> list[ledger_rows.Row]:
    """Return one row a day. Requests count for the first day; bytes and time are divided by
    events."""
    rows = []
    for number, day in enumerate(file.landed.window.days()):
        count, processed_at, late = counts.get(day, (0, None, 0))
        share = count / file.landed.lines if file.landed.lines else 1 / len(file.landed.window)
        start, end = window_bounds(Window(day, day), manifest.zone)
        rows.append(
            ledger_rows.shared_columns(EVENTS, file, manifest, load_id)
            | {
                "window_start": day,
                "window_end": day,
                "range_start": start,
                "range_end": end,
                "row_count": count,
                "previous_row_count": previous.get(day),
                "rejected_count": file.rejected_count if number == 0 else 0,
                "late_count": late,
                "bytes": round(file.landed.size * share),
                "max_processed_at": processed_at,
                "requests": file.landed.requests if number == 0 else 0,
                "duration_seconds": file.landed.duration_seconds * share,
            }
        )
    return rows
