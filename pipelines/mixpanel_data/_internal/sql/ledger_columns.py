"""The columns of the ledger ``_metadata`` and of ``_rejected``, with DuckDB's types.

The raw database has all of them. A workspace has a part, and columns of its own. Times are UTC.
"""

LEDGER = "_metadata"
REJECTED = "_rejected"

LEDGER_TYPES = {
    "table_name": "VARCHAR",
    "fetch_type": "VARCHAR",
    "project_id": "VARCHAR",
    "region": "VARCHAR",
    "window_start": "DATE",
    "window_end": "DATE",
    "range_start": "TIMESTAMP",
    "range_end": "TIMESTAMP",
    "filter_hash": "VARCHAR",
    "row_count": "BIGINT",
    "previous_row_count": "BIGINT",
    "rejected_count": "BIGINT",
    "late_count": "BIGINT",
    "bytes": "BIGINT",
    "max_processed_at": "TIMESTAMP",
    "requests": "BIGINT",
    "fetched_at": "TIMESTAMP",
    "duration_seconds": "DOUBLE",
    "load_id": "VARCHAR",
    "snapshot_complete": "BOOLEAN",
    "wanted_from": "DATE",
    # The order of loads: the greatest is the newest, also if a clock was put back.
    "load_number": "BIGINT",
}

REJECTED_TYPES = {
    "table_name": "VARCHAR",
    "window_start": "DATE",
    "window_end": "DATE",
    "line_number": "BIGINT",
    "raw": "VARCHAR",
    "reason": "VARCHAR",
    "load_id": "VARCHAR",
    "rejected_at": "TIMESTAMP",
}
