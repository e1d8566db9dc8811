"""`_metadata` of a workspace: a row for each fetch, written in the transaction of its rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.input_files import Lines
from mixpanel_data._internal.sql.ledger_columns import (
    LEDGER,
    LEDGER_TYPES,
    REJECTED,
    REJECTED_TYPES,
)
from mixpanel_data._internal.sql_literals import identifier
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import TableMetadata

T = TypeVar("T")

_LEDGER_PART = (
    "table_name",
    "fetch_type",
    "window_start",
    "window_end",
    "filter_hash",
    "row_count",
    "previous_row_count",
    "rejected_count",
    "bytes",
    "requests",
    "fetched_at",
    "load_number",
)
_REJECTED_PART = ("table_name", "window_start", "window_end", "line_number", "raw", "reason")

_TABLES: dict[str, dict[str, str]] = {
    LEDGER: {
        **{name: LEDGER_TYPES[name] for name in _LEDGER_PART},
        "filter_events": "VARCHAR[]",
        "filter_where": "VARCHAR",
        "filter_cohorts": "BIGINT[]",
    },
    REJECTED: {
        **{name: REJECTED_TYPES[name] for name in _REJECTED_PART},
        "fetched_at": "TIMESTAMP",
    },
}
_FILTERS = ("filter_events", "filter_where", "filter_cohorts")

# The columns that both tables have in a workspace of any version and in a published file. A table
# of such a name without one of these columns, or with another type, belongs to another program.
_ALWAYS = {
    LEDGER: ("table_name", "fetch_type", "window_start", "window_end", "fetched_at"),
    REJECTED: ("table_name", "line_number", "raw", "reason"),
}


def create_tables(cursor: Connection, catalog: str) -> None:
    """Create the ledger and the table of rejected lines if they are missing.

    Raise ConfigError if another program has a table of such a name, which is not changed.
    """
    require_ours(cursor, catalog)
    for name, columns in _TABLES.items():
        table = identifier(catalog, "main", name)
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({listed})")
        there = _columns(cursor, catalog, name)
        for column, kind in columns.items():  # an older version has fewer
            if column not in there:
                cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")


def require_ours(cursor: Connection, catalog: str) -> None:
    """Raise ConfigError if another program has a table where records of fetches would be stored."""
    for name in _TABLES:
        if (there := _columns(cursor, catalog, name)) and not is_ours(cursor, catalog, name):
            raise ConfigError(
                f"The database has a table {name} of another program, where records of fetched "
                "tables would be stored. Fetch into another database.",
                details={"table": name, "columns": there},
            )


def is_ours(cursor: Connection, catalog: str, name: str = LEDGER) -> bool:
    """Return True if the database has this table, and it is not another program's."""
    there = _columns(cursor, catalog, name)
    return all(there.get(column) == _TABLES[name][column] for column in _ALWAYS[name])


def _columns(cursor: Connection, catalog: str, name: str) -> dict[str, str]:
    """Return the columns of a table or view and their types; empty if it does not exist."""
    rows = cursor.execute(
        "SELECT lower(column_name), data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' AND lower(table_name) = ?",
        [catalog, name],
    ).fetchall()
    return dict(rows)


def record_fetch(
    cursor: Connection,
    catalog: str,
    table: str,
    metadata: TableMetadata,
    lines: Sequence[Lines],
    *,
    rows: int,
    before: int | None,
) -> None:
    """Record that a fetch added ``rows`` to ``table``, which had ``before`` (None if it was
    new)."""
    at = to_naive_utc(metadata.fetched_at)
    rejects = [(item, reject) for item in lines for reject in item.rejects]
    _insert(
        cursor, catalog, LEDGER,
        table_name=table, fetch_type=metadata.type, window_start=_day(metadata.from_date),
        window_end=_day(metadata.to_date),
        filter_hash=EventFilter(_filter_names(metadata), metadata.filter_where).hash,
        filter_events=metadata.filter_events, filter_where=metadata.filter_where, row_count=rows,
        previous_row_count=before, rejected_count=sum(not reject.is_loaded for _, reject in rejects),
        bytes=sum(item.size for item in lines), requests=sum(item.requests for item in lines),
        fetched_at=at, filter_cohorts=metadata.filter_cohorts,
        load_number=_next_number(cursor, catalog),
    )  # fmt: skip
    for item, reject in rejects:
        first, last = (item.window.first, item.window.last) if item.window else (None, None)
        _insert(
            cursor, catalog, REJECTED,
            table_name=table, window_start=first, window_end=last, line_number=reject.line_number,
            raw=reject.raw, reason=reject.reason, fetched_at=at,
        )  # fmt: skip


def _next_number(cursor: Connection, catalog: str) -> int:
    """Return one more than the number of any fetch; fetches of older versions have none."""
    [(number,)] = cursor.execute(
        f"SELECT coalesce(max(load_number), 0) + 1 FROM {identifier(catalog, 'main', LEDGER)}"
    ).fetchall()
    return int(number)


def _insert(cursor: Connection, catalog: str, name: str, **values: Any) -> None:
    places = ", ".join("?" * len(values))
    cursor.execute(
        f"INSERT INTO {identifier(catalog, 'main', name)} ({', '.join(values)}) VALUES ({places})",
        list(values.values()),
    )


def delete_records(cursor: Connection, catalog: str, table: str) -> None:
    """Delete the records of a table."""
    for name in filter(partial(is_ours, cursor, catalog), (LEDGER, REJECTED)):
        cursor.execute(
            f"DELETE FROM {identifier(catalog, 'main', name)} WHERE table_name = ?", [table]
        )


def read_metadata(cursor: Connection, catalog: str) -> dict[str, TableMetadata]:
    """Return the metadata of each table, combined over its fetches; empty without a ledger of
    ours."""
    if not is_ours(cursor, catalog):
        return {}
    columns = _columns(cursor, catalog, LEDGER)
    # In the ledger of a data folder, as in the published file, a filter is a hash only.
    filters = ", ".join(
        name if columns.get(name) == _TABLES[LEDGER][name] else "NULL" for name in _FILTERS
    )
    order = "table_name, fetched_at"
    if "load_number" in columns:
        order = "table_name, coalesce(load_number, 0), fetched_at"
    rows = cursor.execute(
        f"SELECT table_name, fetch_type, fetched_at, window_start, window_end, {filters} "
        f"FROM {identifier(catalog, 'main', LEDGER)} "
        f"WHERE table_name IS NOT NULL AND fetched_at IS NOT NULL ORDER BY {order}"
    ).fetchall()
    return {name: _combine(list(group)) for name, group in groupby(rows, key=itemgetter(0))}


def _combine(rows: Sequence[tuple[Any, ...]]) -> TableMetadata:
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


def to_naive_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC without a zone, like DuckDB's TIMESTAMP."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _filter_names(metadata: TableMetadata) -> tuple[str, ...]:
    cohorts = (f"cohort {number}" for number in metadata.filter_cohorts or ())
    return (*(metadata.filter_events or ()), *cohorts)


def _all_of(filters: Sequence[list[T] | None]) -> list[T] | None:
    found: list[T] = []
    for each in filters:
        if not each:
            return None  # one fetch had no such filter
        found += each
    return list(dict.fromkeys(found)) or None


def _any_of(conditions: Sequence[str | None]) -> str | None:
    different = list(dict.fromkeys(conditions))
    if not different or not all(different):
        return None
    return different[0] if len(different) == 1 else " or ".join(f"({each})" for each in different)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
