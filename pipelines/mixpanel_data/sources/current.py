"""The current rows of a destination that only appends: the ledger chooses the load of each day."""

import re
from typing import Any

import dlt
import duckdb

from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sources.destination_tables import TABLES, FileTables, tables_of
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, LEDGER, PROFILES

CURRENT_EVENTS = """
SELECT event, time, distinct_id, insert_id, properties, day
FROM (
    SELECT loaded.*, row_number() OVER (
        PARTITION BY loaded.day, loaded.row_number ORDER BY loaded.row_number
    ) AS copy
    FROM events AS loaded
    INNER JOIN (
        SELECT window_start, load_id, row_number() OVER (
            PARTITION BY window_start ORDER BY load_number DESC, fetched_at DESC, load_id DESC
        ) AS newest
        FROM _metadata
        WHERE table_name = 'events' AND load_id IN (SELECT load_id FROM _dlt_loads WHERE status = 0)
    ) AS chosen ON loaded.day = chosen.window_start AND loaded.load_id = chosen.load_id
    WHERE chosen.newest = 1
) AS numbered
WHERE copy = 1
"""
"""Selects the current events where loads append. ``copy`` leaves out what a repeated job wrote."""

_CURRENT_PROFILES = """
SELECT {key}distinct_id, properties, fetched_at
FROM (
    SELECT loaded.*, row_number() OVER (
        PARTITION BY {loaded_key}loaded.distinct_id
        ORDER BY loaded.load_number DESC, loaded.fetched_at DESC
    ) AS newest
    FROM {table} AS loaded
    INNER JOIN (
        SELECT {snapshot_key}load_number, fetched_at, row_number() OVER (
            PARTITION BY filter_hash ORDER BY load_number DESC, fetched_at DESC
        ) AS newest_read
        FROM _metadata
        WHERE table_name = '{table}' AND snapshot_complete
            AND load_id IN (SELECT load_id FROM _dlt_loads WHERE status = 0)
    ) AS snapshot ON {join}(
        loaded.load_number > snapshot.load_number
        OR (loaded.load_number = snapshot.load_number AND loaded.fetched_at >= snapshot.fetched_at)
    )
    WHERE snapshot.newest_read = 1
        AND loaded.load_id IN (SELECT load_id FROM _dlt_loads WHERE status = 0)
) AS numbered
WHERE newest = 1
"""

CURRENT_PROFILES = _CURRENT_PROFILES.format(
    table=PROFILES, key="", loaded_key="", snapshot_key="", join=""
)
"""Selects the current user profiles: those of the newest complete snapshot, and later reads."""

CURRENT_GROUP_PROFILES = _CURRENT_PROFILES.format(
    table=GROUP_PROFILES,
    key="group_key, ",
    loaded_key="loaded.group_key, ",
    snapshot_key="regexp_replace(filter_hash, '=[^=]*$', '') AS group_key, ",
    join="loaded.group_key = snapshot.group_key AND ",
)
"""Selects the current group profiles in the same way, for each group key."""

CURRENT = {
    EVENTS: CURRENT_EVENTS,
    PROFILES: CURRENT_PROFILES,
    GROUP_PROFILES: CURRENT_GROUP_PROFILES,
}


def open_current(pipeline: dlt.Pipeline) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with the current rows of a ``filesystem`` destination, also of
    Delta and Iceberg tables: views ``events``, ``profiles`` and ``group_profiles``, and
    ``_metadata``.

    Columns are those that Mixpanel sent: ``properties`` is JSON as text, ``time`` UTC without a
    zone. Views are read when they are queried, with the columns and days that the query needs.

    Args:
        pipeline: A pipeline that has loaded the source; its working folder may be lost.

    Raises:
        ConfigError: if the destination is a database: query that, its loads replace their days.
        NotFoundError: if it has no ``_metadata``.
    """
    tables = tables_of(pipeline)
    if not isinstance(tables, FileTables):
        raise ConfigError(
            f"{pipeline.destination.destination_name} is a database, whose tables have the current "
            "rows: query it, as with pipeline.dataset()."
        )
    found: dict[str, Any] = {name: tables.dataset(name) for name in TABLES}
    if found[LEDGER] is None:
        raise ConfigError(
            f"The dataset {pipeline.dataset_name} has no table {LEDGER}: no load of the source was "
            "completed there."
        )
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(
        "CREATE TABLE _dlt_loads AS SELECT unnest($loads::VARCHAR[]) AS load_id, 0 AS status",
        {"loads": sorted(tables.committed_loads())},
    )
    connection.register("loaded__metadata", found[LEDGER])
    connection.execute("CREATE TEMP VIEW _metadata AS FROM loaded__metadata")
    for table, sql in CURRENT.items():
        if found[table] is not None:
            connection.register(f"loaded_{table}", found[table])
            source = re.sub(rf"FROM {table} AS", f"FROM loaded_{table} AS", sql)
            connection.execute(f"CREATE TEMP VIEW {table} AS {source}")
    return connection
