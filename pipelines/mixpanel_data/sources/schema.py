"""The tables of the raw database, as dlt declares them. Column names are a contract; dbt reads
them."""

from typing import Any

from dlt.common.schema.typing import TColumnSchema

DATASET = "mixpanel"
EVENTS = "events"
PROFILES = "profiles"
GROUP_PROFILES = "group_profiles"
PROFILES_HISTORY = "_profiles_history"
GROUP_PROFILES_HISTORY = "_group_profiles_history"
LEDGER = "_metadata"
REJECTED = "_rejected"

RAW_HINT = "x-mixpanel-raw"
"""Marks a table whose files DuckDB reads itself, and which is replaced by the package's one SQL
job."""

LEDGER_HINT = "x-mixpanel-ledger"
"""Marks a table whose rows that same job writes, in the transaction of the rows they speak of."""


def _columns(**types: str) -> dict[str, TColumnSchema]:
    return {name: _column(name, kind) for name, kind in types.items()}


def _column(name: str, kind: str) -> TColumnSchema:
    column: dict[str, Any] = {"name": name, "data_type": kind, "nullable": True}
    if kind == "timestamp":
        column |= {"timezone": False, "precision": 6}  # a plain TIMESTAMP, in UTC
    return column  # type: ignore[return-value]


EVENT_COLUMNS = _columns(
    event="text", time="timestamp", distinct_id="text", insert_id="text", properties="json"
)

PROFILE_COLUMNS = _columns(
    distinct_id="text",
    properties="json",
    digest="text",  # equal for equal properties, so that only changed ones are written again
    valid_from="timestamp",  # when the read began that first found these properties
    load_id="text",  # the load package that wrote the row
)

GROUP_PROFILE_COLUMNS = _columns(group_key="text") | PROFILE_COLUMNS

# What a profile was, one row for each time it changed or went. Written in the transaction that
# changed the profile, so what is here is true whether or not `_dlt_loads` came to list its load.
HISTORY_COLUMNS = _columns(
    distinct_id="text",
    properties="json",
    valid_from="timestamp",
    valid_to="timestamp",  # when the read began that no longer brought them
    is_deleted="bool",  # the profile was missing from a complete snapshot; false: it has other properties now
    load_id="text",
)

GROUP_HISTORY_COLUMNS = _columns(group_key="text") | HISTORY_COLUMNS

LEDGER_COLUMNS = _columns(
    table_name="text",
    fetch_type="text",
    project_id="text",
    region="text",
    window_start="date",
    window_end="date",
    range_start="timestamp",
    range_end="timestamp",
    filter_hash="text",
    row_count="bigint",
    previous_row_count="bigint",
    rejected_count="bigint",
    late_count="bigint",
    bytes="bigint",
    max_processed_at="timestamp",
    requests="bigint",
    fetched_at="timestamp",
    duration_seconds="double",
    load_id="text",
    snapshot_complete="bool",
    wanted_from="date",
    load_number="bigint",  # the order of loads: the greatest is the newest, whatever a clock says
)

REJECTED_COLUMNS = _columns(
    table_name="text",
    window_start="date",
    window_end="date",
    line_number="bigint",
    raw="text",
    reason="text",
    load_id="text",
    rejected_at="timestamp",
)

RAW_TABLES = {
    EVENTS: EVENT_COLUMNS,
    PROFILES: PROFILE_COLUMNS,
    PROFILES_HISTORY: HISTORY_COLUMNS,
    GROUP_PROFILES: GROUP_PROFILE_COLUMNS,
    GROUP_PROFILES_HISTORY: GROUP_HISTORY_COLUMNS,
    REJECTED: REJECTED_COLUMNS,
}
"""Those that have to exist before their first row; the ledger always gets one with the first
package."""
