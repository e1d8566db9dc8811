"""The tables of the raw database, as dlt declares them. Column names are a contract; dbt reads them."""

from typing import Any

from dlt.common.schema.typing import TColumnSchema

DATASET = "mixpanel"
EVENTS = "events"
PROFILES = "profiles"
LEDGER = "_metadata"
REJECTED = "_rejected"

RAW_HINT = "x-mixpanel-raw"
"""Marks a table whose files DuckDB reads itself, and which is replaced by the package's one SQL job."""

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

PROFILE_COLUMNS = _columns(distinct_id="text", properties="json")

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

RAW_TABLES = {EVENTS: EVENT_COLUMNS, PROFILES: PROFILE_COLUMNS, REJECTED: REJECTED_COLUMNS}
"""Those that have to exist before their first row; the ledger always gets one with the first package."""
