"""The tables of the raw database, as dlt declares them. dbt reads them: column names are a
contract."""

from collections.abc import Mapping
from typing import Any

from dlt.common.schema.typing import TColumnSchema

from mixpanel_data._internal.sql.ledger_columns import LEDGER as LEDGER
from mixpanel_data._internal.sql.ledger_columns import LEDGER_TYPES, REJECTED_TYPES
from mixpanel_data._internal.sql.ledger_columns import REJECTED as REJECTED

DATASET = "mixpanel"
EVENTS = "events"
PROFILES = "profiles"
GROUP_PROFILES = "group_profiles"
PROFILES_HISTORY = "_profiles_history"
GROUP_PROFILES_HISTORY = "_group_profiles_history"

RAW_HINT = "x-mixpanel-raw"
"""Marks a table whose files DuckDB reads itself, and whose rows one SQL job replaces."""

LEDGER_HINT = "x-mixpanel-ledger"
"""Marks a table whose rows the same job writes, in the transaction of the rows it describes."""


_DLT_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


def _columns(**types: str) -> dict[str, TColumnSchema]:
    return {name: _column(name, kind) for name, kind in types.items()}


def _from_duckdb(types: Mapping[str, str]) -> dict[str, TColumnSchema]:
    return _columns(**{name: _DLT_TYPES[kind] for name, kind in types.items()})


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
    digest="text",  # equal for equal properties, so that only changed ones are rewritten
    valid_from="timestamp",  # when the read began that first found these properties
    load_id="text",  # the load package that wrote the row
)

GROUP_PROFILE_COLUMNS = _columns(group_key="text") | PROFILE_COLUMNS

# Former versions of profiles, one row for each change or deletion. A row is written in the
# transaction that changes the profile, so it is valid whether or not `_dlt_loads` lists its load.
HISTORY_COLUMNS = _columns(
    distinct_id="text",
    properties="json",
    valid_from="timestamp",
    valid_to="timestamp",  # when the read began that no longer found them
    is_deleted="bool",  # the profile was missing from a complete snapshot; false: it has other properties now
    load_id="text",
)

GROUP_HISTORY_COLUMNS = _columns(group_key="text") | HISTORY_COLUMNS

LEDGER_COLUMNS = _from_duckdb(LEDGER_TYPES)

REJECTED_COLUMNS = _from_duckdb(REJECTED_TYPES)

# Tables in destinations that dlt ships: what DuckDB read from the landed files, as Arrow. Properties
# are text, so that they stay as sent: PostgreSQL's jsonb changes numbers and equal keys.

_LOADED = _columns(load_id="text") | {
    "is_deleted": {**_column("is_deleted", "bool"), "hard_delete": True}
}

STOCK_EVENT_COLUMNS = (
    _columns(
        event="text",
        time="timestamp",
        distinct_id="text",
        insert_id="text",
        properties="text",
        day="date",  # in the zone of the project's export
        row_number="bigint",  # of the event in its file, from 0
    )
    | _LOADED
)

STOCK_PROFILE_COLUMNS = (
    _columns(
        distinct_id="text",
        properties="text",
        fetched_at="timestamp",  # when the read began
        load_number="bigint",  # that of its row in the ledger
    )
    | _LOADED
)

STOCK_GROUP_PROFILE_COLUMNS = _columns(group_key="text") | STOCK_PROFILE_COLUMNS

for _table, _names in (
    (STOCK_EVENT_COLUMNS, ("event", "time", "day", "row_number", "load_id")),
    (STOCK_PROFILE_COLUMNS, ("distinct_id", "fetched_at", "load_number", "load_id")),
    (
        STOCK_GROUP_PROFILE_COLUMNS,
        ("group_key", "distinct_id", "fetched_at", "load_number", "load_id"),
    ),
):
    for _name in _names:
        _table[_name] = {**_table[_name], "nullable": False}

RAW_TABLES = {
    EVENTS: EVENT_COLUMNS,
    PROFILES: PROFILE_COLUMNS,
    PROFILES_HISTORY: HISTORY_COLUMNS,
    GROUP_PROFILES: GROUP_PROFILE_COLUMNS,
    GROUP_PROFILES_HISTORY: GROUP_HISTORY_COLUMNS,
    REJECTED: REJECTED_COLUMNS,
}
"""The tables that must exist before their first row; the ledger gets one with the first package."""
