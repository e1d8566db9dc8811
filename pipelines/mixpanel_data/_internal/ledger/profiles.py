"""Reads the ledger's rows about profiles, and counts the raw profiles."""

import duckdb

from mixpanel_data._internal.ledger.load_order import CHECK_PREFIX, NEWEST_FIRST
from mixpanel_data._internal.ledger.records import ReadRecord, Reads

# A check that found wrong rows is newer than the read that wrote them, and so invalidates it.
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


def newest_reads(connection: duckdb.DuckDBPyConnection, ledger: str, loads: str) -> Reads:
    """Return the newest read of each kind that counts.

    ``ledger`` (with load numbers) and ``loads`` are relations.
    """
    query = _NEWEST.format(
        ledger=ledger, loads=loads, newest_first=NEWEST_FIRST, check=CHECK_PREFIX
    )
    rows = connection.execute(query).fetchall()
    return {(kind, part): ReadRecord(*found) for kind, part, *found in rows}


def count_profiles(
    connection: duckdb.DuckDBPyConnection, schema: str, tables: set[str]
) -> dict[str, int]:
    """Return the number of profiles: of users under ``""``, of groups under their key.

    ``tables`` are the names of the tables that exist.
    """
    counts: dict[str, int] = {}
    if "profiles" in tables:
        found = connection.execute(f"SELECT count(*) FROM {schema}.profiles").fetchone()
        counts[""] = found[0] if found else 0
    if "group_profiles" in tables:
        query = f"SELECT group_key, count(*) FROM {schema}.group_profiles GROUP BY ALL ORDER BY ALL"
        counts |= dict(connection.execute(query).fetchall())
    return counts
