"""Replace the raw profiles by a complete snapshot."""

from pathlib import Path

import duckdb

from mixpanel_data._internal.event_sql import literal
from mixpanel_data.sources import ledger_rows
from mixpanel_data.sources.package import Manifest, PackedFile
from mixpanel_data.sources.tables import PROFILES

Connection = duckdb.DuckDBPyConnection
SLACK = 1024 * 1024  # DuckDB wants a little more than the largest document


def replace(
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
) -> bool:
    """Whether the newest snapshot in ``packed`` was read to the last profile; if not, roll back."""
    file = max(packed, key=lambda item: item.fetched_at)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE snapshot AS {_profiles(files[file.mark], file)}"
    )
    found = connection.execute("SELECT count(*) FROM snapshot").fetchone()
    if not found or found[0] != file.lines:
        return False
    previous = connection.execute(f"SELECT count(*) FROM {PROFILES}").fetchone()
    connection.execute(f"DELETE FROM {PROFILES}")
    # A profile that changed while the pages were read can stand on two of them: the later page is the newer.
    inserted = connection.execute(
        f"""
        INSERT INTO {PROFILES} (distinct_id, properties)
        SELECT distinct_id, coalesce(properties, '{{}}') FROM snapshot
        QUALIFY distinct_id IS NULL OR row_number() OVER (PARTITION BY distinct_id ORDER BY page DESC) = 1
        """
    ).fetchone()
    connection.execute("DROP TABLE snapshot")
    ledger_rows.forget(connection, PROFILES, load_id)
    row = ledger_rows.common(PROFILES, file, manifest, load_id) | {
        "window_start": file.window.first,
        "window_end": file.window.last,
        "row_count": inserted[0] if inserted else 0,
        "previous_row_count": previous[0] if previous else None,
        "rejected_count": 0,
        "bytes": file.size,
        "requests": file.requests,
        "duration_seconds": file.duration_seconds,
        "snapshot_complete": file.snapshot_complete,
    }
    ledger_rows.insert(connection, [row])
    return True


def _profiles(path: Path, file: PackedFile) -> str:
    pages = (
        f"read_json([{literal(path)}], format='unstructured', compression='none', "
        f"maximum_object_size={file.largest_object + SLACK}, "
        """columns={page: 'BIGINT', results: 'STRUCT("$distinct_id" VARCHAR, "$properties" JSON)[]'})"""
    )
    return (
        'SELECT page, profile."$distinct_id" AS distinct_id, profile."$properties" AS properties '
        f"FROM (SELECT page, unnest(results) AS profile FROM {pages})"
    )
