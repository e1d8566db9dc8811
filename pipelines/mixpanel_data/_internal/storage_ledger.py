"""`_metadata` of a workspace: a row for each fetch, written in the transaction of its rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from mixpanel_data._internal.event_filter import EventFilter
from mixpanel_data._internal.storage_files import Connection
from mixpanel_data._internal.storage_lines import Lines
from mixpanel_data._internal.storage_names import LEDGER, REJECTED, quoted
from mixpanel_data.types import TableMetadata

T = TypeVar("T")

# Names as in the ledger of a data folder. Times are UTC.
_LEDGER = """(
    table_name VARCHAR, fetch_type VARCHAR, window_start DATE, window_end DATE, filter_hash VARCHAR,
    filter_events VARCHAR[], filter_where VARCHAR, row_count BIGINT, previous_row_count BIGINT,
    rejected_count BIGINT, bytes BIGINT, requests BIGINT, fetched_at TIMESTAMP,
    filter_cohorts BIGINT[]
)"""
_REJECTED = """(
    table_name VARCHAR, window_start DATE, window_end DATE, line_number BIGINT, raw VARCHAR,
    reason VARCHAR, fetched_at TIMESTAMP
)"""


def create_tables(cursor: Connection, catalog: str) -> None:
    """Makes the ledger, and the table of what can't be read, where they are missing."""
    for name, columns in ((LEDGER, _LEDGER), (REJECTED, _REJECTED)):
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {quoted(catalog, 'main', name)} {columns}")
    ledger = quoted(catalog, "main", LEDGER)  # one of 0.1.0 has no cohorts
    cursor.execute(f"ALTER TABLE {ledger} ADD COLUMN IF NOT EXISTS filter_cohorts BIGINT[]")


def note(
    cursor: Connection,
    catalog: str,
    table: str,
    metadata: TableMetadata,
    lines: Sequence[Lines],
    *,
    rows: int,
    before: int | None,
) -> None:
    """Writes down that a fetch brought ``rows`` into ``table``, which had ``before`` (None: it was not there)."""
    at = naive(metadata.fetched_at)
    rejects = [(item, reject) for item in lines for reject in item.rejects]
    cursor.execute(
        f"INSERT INTO {quoted(catalog, 'main', LEDGER)} VALUES ({', '.join('?' * 14)})",
        [
            table, metadata.type, _day(metadata.from_date), _day(metadata.to_date),
            EventFilter(_narrowed(metadata), metadata.filter_where).hash,
            metadata.filter_events, metadata.filter_where, rows, before, len(rejects),
            sum(item.size for item in lines), sum(item.requests for item in lines), at,
            metadata.filter_cohorts,
        ],
    )  # fmt: skip
    for item, reject in rejects:
        first, last = (item.window.first, item.window.last) if item.window else (None, None)
        cursor.execute(
            f"INSERT INTO {quoted(catalog, 'main', REJECTED)} VALUES (?, ?, ?, ?, ?, ?, ?)",
            [table, first, last, reject.line_number, reject.raw, reject.reason, at],
        )


def forget(cursor: Connection, catalog: str, table: str) -> None:
    """Removes what is noted of a table."""
    for name in (LEDGER, REJECTED):
        cursor.execute(f"DELETE FROM {quoted(catalog, 'main', name)} WHERE table_name = ?", [table])


def read(cursor: Connection, catalog: str) -> dict[str, TableMetadata]:
    """What is noted of each table, several fetches taken together; nothing where there is no ledger."""
    columns = cursor.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = 'main' "
        "AND table_name = ?",
        [catalog, LEDGER],
    ).fetchall()
    if not columns:
        return {}
    # The ledger of a data folder, as the published file has it, tells a filter by its hash alone.
    filters = ", ".join(
        name if (name,) in columns else "NULL"
        for name in ("filter_events", "filter_where", "filter_cohorts")
    )
    rows = cursor.execute(
        f"SELECT table_name, fetch_type, fetched_at, window_start, window_end, {filters} "
        f"FROM {quoted(catalog, 'main', LEDGER)} ORDER BY table_name, fetched_at"
    ).fetchall()
    return {name: _together(list(group)) for name, group in groupby(rows, key=itemgetter(0))}


def _together(rows: Sequence[tuple[Any, ...]]) -> TableMetadata:
    _, kind, fetched_at, *_ = rows[-1]
    firsts, lasts = ([row[n] for row in rows if row[n]] for n in (3, 4))
    dated = kind == "events" and firsts and lasts
    return TableMetadata(
        type="events" if kind == "events" else "profiles",
        fetched_at=fetched_at.replace(tzinfo=UTC),
        from_date=min(firsts).isoformat() if dated else None,
        to_date=max(lasts).isoformat() if dated else None,
        filter_events=_all_of([row[5] for row in rows]),
        filter_where=_any_of([row[6] for row in rows]),
        filter_cohorts=_all_of([row[7] for row in rows]),
    )


def naive(moment: datetime) -> datetime:
    """``moment`` in UTC without a zone, as DuckDB's TIMESTAMP has it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _narrowed(metadata: TableMetadata) -> tuple[str, ...]:
    cohorts = (f"cohort {number}" for number in metadata.filter_cohorts or ())
    return (*(metadata.filter_events or ()), *cohorts)


def _all_of(filters: Sequence[list[T] | None]) -> list[T] | None:
    found: list[T] = []
    for each in filters:
        if not each:
            return None  # one fetch without this filter
        found += each
    return list(dict.fromkeys(found)) or None


def _any_of(conditions: Sequence[str | None]) -> str | None:
    different = list(dict.fromkeys(conditions))
    if not different or not all(different):
        return None
    return different[0] if len(different) == 1 else " or ".join(f"({each})" for each in different)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
