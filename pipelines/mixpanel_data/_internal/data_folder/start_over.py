"""Starts over with an empty raw database, or with one without events."""

import shutil
from pathlib import Path

import duckdb

from mixpanel_data._internal.clock import now
from mixpanel_data._internal.data_folder.paths import DataFolder

EVENT_TABLES = "table_name = 'events'"


def start_over(folder: DataFolder) -> Path | None:
    """Rename the raw database and remove what was built from it. Return its new path.

    Return None if there was no raw database. The published file is kept for readers until the next
    one is published.
    """
    kept = None
    if folder.raw.exists():
        kept = folder.root / f"raw-before-{now():%Y%m%dT%H%M%S%f}.duckdb"
        log = folder.raw.with_name(folder.raw.name + ".wal")
        if log.exists():
            log.replace(kept.with_name(kept.name + ".wal"))
        folder.raw.replace(kept)
    shutil.rmtree(folder.dlt, ignore_errors=True)
    for path in folder.build.glob("*.duckdb*"):
        path.unlink(missing_ok=True)
    folder.create()
    return kept


def delete_events(folder: DataFolder) -> None:
    """Delete all raw events and their ledger rows; profiles and their history are kept."""
    with duckdb.connect(str(folder.raw)) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM mixpanel.events")
        for table in ("_metadata", "_rejected"):
            connection.execute(f"DELETE FROM mixpanel.{table} WHERE {EVENT_TABLES}")
        connection.execute("COMMIT")
