"""The rows of the ledger ``_metadata``, the same for every destination."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.sql.events import window_bounds
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone

Row = dict[str, Any]

DayCounts = Mapping[date, tuple[int, datetime | None, int]]
"""For each day its events, the latest processing time (naive UTC), and the late events."""


def shared_columns(file: Landed, project: Project, load_id: str) -> Row:
    """Return the columns that all ledger rows of a file share."""
    return {
        "table_name": file.kind,
        "fetch_type": file.kind,
        "project_id": project.project_id,
        "region": project.region,
        "filter_hash": file.filter_hash,
        "fetched_at": naive_utc(file.fetched_at),
        "load_id": load_id,
        "wanted_from": project.wanted_from,
    }


def day_rows(
    file: Landed,
    project: Project,
    counts: DayCounts,
    previous: Mapping[date, int],
    load_id: str,
) -> list[Row]:
    """Return one row a day of a file of events.

    Requests and rejected lines count for the first day; bytes and time are divided by events.
    """
    rows = []
    for number, day in enumerate(file.window.days()):
        count, processed_at, late = counts.get(day, (0, None, 0))
        share = count / file.lines if file.lines else 1 / len(file.window)
        start, end = window_bounds(Window(day, day), Zone(project.zone))
        rows.append(
            shared_columns(file, project, load_id)
            | {
                "window_start": day,
                "window_end": day,
                "range_start": start,
                "range_end": end,
                "row_count": count,
                "previous_row_count": previous.get(day),
                "rejected_count": rejected_count(file) if number == 0 else 0,
                "late_count": late,
                "bytes": round(file.size * share),
                "max_processed_at": processed_at,
                "requests": file.requests if number == 0 else 0,
                "duration_seconds": file.duration_seconds * share,
            }
        )
    return rows


def read_row(
    file: Landed,
    project: Project,
    load_id: str,
    *,
    profiles: int,
    before: int | None,
    newest_seen: datetime | None,
) -> Row:
    """Return the row of a read of ``profiles`` profiles; ``before`` is their number before it.

    For an increment it has the time range, but no count before, since it covers a part only.
    """
    return shared_columns(file, project, load_id) | {
        "window_start": file.window.first,
        "window_end": file.window.last,
        "range_start": file.since,
        "range_end": naive_utc(file.fetched_at) if file.since else None,
        "row_count": profiles,
        "previous_row_count": before if file.snapshot_complete else None,
        "rejected_count": rejected_count(file),
        "bytes": file.size,
        "max_processed_at": newest_seen,
        "requests": file.requests,
        "duration_seconds": file.duration_seconds,
        "snapshot_complete": file.snapshot_complete,
    }


def rejected_count(file: Landed) -> int:
    """Return the number of lines that were not loaded, so without repaired ones."""
    return sum(not item.is_loaded for item in file.rejects)


def naive_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC without a zone, like DuckDB's TIMESTAMP."""
    return moment.astimezone(UTC).replace(tzinfo=None)
