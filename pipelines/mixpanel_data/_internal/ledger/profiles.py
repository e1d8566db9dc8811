"""What the ledger, and the raw tables beside it, hold of profiles."""

import duckdb

from mixpanel_data._internal.ledger.load_order import CHECK, NEWEST_FIRST
from mixpanel_data._internal.ledger.records import ReadRecord, Reads

# A check of the rows comes after the read that it found to be wrong: that read counts no more.
_NEWEST = """
    SELECT table_name, filter_hash, coalesce(row_count, 0), fetched_at, load_id, max_processed_at,
        coalesce(load_number, 0)
    FROM (
        FROM {ledger}
        WHERE table_name IN ('profiles', 'group_profiles')
            AND load_id IN (SELECT load_id FROM {loads} WHERE status = 0)
        QUALIFY row_number() OVER (PARTITION BY table_name, filter_hash ORDER BY {newest_first}) = 1
    )
    WHERE NOT starts_with(load_id, '{check}')
"""


def read_reads(connection: duckdb.DuckDBPyConnection, ledger: str, loads: str) -> Reads:
    """The newest read of each kind that counts. ``ledger`` (with load numbers) and ``loads`` are
    relations."""
    query = _NEWEST.format(ledger=ledger, loads=loads, newest_first=NEWEST_FIRST, check=CHECK)
    rows = connection.execute(query).fetchall()
    return {(kind, part): ReadRecord(*found) for kind, part, *found in rows}


def count_profiles(
    connection: duckdb.DuckDBPyConnection, schema: str, tables: set[str]
) -> dict[str, int]:
    """How many there are now: of users under ``""``, of groups under their key. Only of ``tables``
    that exist."""
    counts: dict[str, int] = {}
    if "profiles" in tables:
        found = connection.execute(f"SELECT count(*) FROM {schema}.profiles").fetchone()
        counts[""] = found[0] if found else 0
    if "group_profiles" in tables:
        query = f"SELECT group_key, count(*) FROM {schema}.group_profiles GROUP BY ALL ORDER BY ALL"
        counts |= dict(connection.execute(query).fetchall())
    return counts
