"""Writes the ledger, `_metadata`, in the transaction of the rows that it describes."""

import uuid
from datetime import UTC, date, datetime

import duckdb

from mixpanel_data._internal.ledger.load_order import IN_ORDER
from mixpanel_data.sources.ledger_rows import Row, naive_utc
from mixpanel_data.sources.manifest import PackedFile
from mixpanel_data.sources.schema import EVENTS, LEDGER, LEDGER_COLUMNS, REJECTED

Connection = duckdb.DuckDBPyConnection

_NAMES = [*LEDGER_COLUMNS, "_dlt_load_id", "_dlt_id"]


def insert_ledger_rows(connection: Connection, rows: list[Row]) -> None:
    """Append ``rows`` under the next load number; missing columns are NULL."""
    marks = ", ".join("?" for _ in _NAMES)
    number = _next_number(connection)
    values = [
        [
            (
                row
                | {
                    "_dlt_load_id": row["load_id"],
                    "_dlt_id": uuid.uuid4().hex,
                    "load_number": number,
                }
            ).get(name)
            for name in _NAMES
        ]
        for row in rows
    ]
    connection.executemany(f"INSERT INTO {LEDGER} ({', '.join(_NAMES)}) VALUES ({marks})", values)


def insert_rejects(connection: Connection, table: str, file: PackedFile, load_id: str) -> None:
    """Replace the rejected and repaired lines of the file's days by those of ``file``.

    A line from an earlier fetch of more days has no known day: it is replaced if it is identical.
    """
    first, last = file.landed.window.first, file.landed.window.last
    whole = "window_start >= $first AND window_end <= $last" if table == EVENTS else "false"
    connection.execute(
        f"DELETE FROM {REJECTED} WHERE table_name = $table AND load_id <> $load_id AND ({whole} "
        "OR (raw IN (SELECT unnest($raws::VARCHAR[])) "
        "AND ($table <> 'events' OR (window_start <= $last AND window_end >= $first))))",
        {
            "table": table, "load_id": load_id, "first": first, "last": last,
            "raws": [item.raw for item in file.landed.rejects],
        },
    )  # fmt: skip
    if not file.landed.rejects:
        return
    now = naive_utc(datetime.now(UTC))
    # In one statement: row by row, a hundred thousand repaired lines would take minutes.
    connection.execute(
        f"INSERT INTO {REJECTED} SELECT $table, $first, $last, unnest($numbers::BIGINT[]), "
        "unnest($raws::VARCHAR[]), unnest($reasons::VARCHAR[]), $load_id, $now",
        {
            "table": table, "first": first, "last": last, "load_id": load_id, "now": now,
            "numbers": [item.line_number for item in file.landed.rejects],
            "raws": [item.raw for item in file.landed.rejects],
            "reasons": [item.reason for item in file.landed.rejects],
        },
    )  # fmt: skip


def _next_number(connection: Connection) -> int:
    """Return one more than the number of any ledger row, including those of incomplete loads."""
    found = connection.execute(f"SELECT coalesce(max(load_number), 0) + 1 FROM {LEDGER}").fetchone()
    assert found  # noqa: S101  (an aggregate without GROUP BY)
    return int(found[0])


def delete_earlier_attempt(connection: Connection, table: str, load_id: str) -> None:
    """Delete the rows that an earlier, killed attempt at the same package may have written."""
    for name in (LEDGER, REJECTED):
        connection.execute(
            f"DELETE FROM {name} WHERE table_name = ? AND load_id = ?", [table, load_id]
        )


def previous_counts(connection: Connection, table: str, load_id: str) -> dict[date, int]:
    """Return the rows of each day by the ledger, before this package."""
    rows = connection.execute(
        f"SELECT window_start, arg_max(row_count, {IN_ORDER}) FROM {LEDGER} "
        "WHERE table_name = ? AND load_id <> ? AND load_id IN (SELECT load_id FROM _dlt_loads WHERE status = 0) "
        "GROUP BY window_start",
        [table, load_id],
    ).fetchall()
    return dict(rows)
