"""`_metadata` of a workspace: a row for each fetch, written in the transaction of its rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.input_files import Lines
from mixpanel_data._internal.database.table_names import LEDGER, REJECTED, quoted
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import TableMetadata

T = TypeVar("T")

# Names as in the ledger of a data folder. Times are UTC.
_TABLES: dict[str, dict[str, str]] = {
    LEDGER: {
        "table_name": "VARCHAR",
        "fetch_type": "VARCHAR",
        "window_start": "DATE",
        "window_end": "DATE",
        "filter_hash": "VARCHAR",
        "filter_events": "VARCHAR[]",
        "filter_where": "VARCHAR",
        "row_count": "BIGINT",
        "previous_row_count": "BIGINT",
        "rejected_count": "BIGINT",
        "bytes": "BIGINT",
        "requests": "BIGINT",
        "fetched_at": "TIMESTAMP",
        "filter_cohorts": "BIGINT[]",
        "load_number": "BIGINT",  # grows with each fetch; a clock may be put back
    },
    REJECTED: {
        "table_name": "VARCHAR",
        "window_start": "DATE",
        "window_end": "DATE",
        "line_number": "BIGINT",
        "raw": "VARCHAR",
        "reason": "VARCHAR",
        "fetched_at": "TIMESTAMP",
    },
}
_FILTERS = ("filter_events", "filter_where", "filter_cohorts")

# What they have at least, be they a workspace's, of whatever version, or those of a published file.
# A table of such a name that lacks one of these columns, or has it with another type, is another
# program's.
_ALWAYS = {
    LEDGER: ("table_name", "fetch_type", "window_start", "window_end", "fetched_at"),
    REJECTED: ("table_name", "line_number", "raw", "reason"),
}


def create_tables(cursor: Connection, catalog: str) -> None:
    """Makes the ledger, and the table of rejected lines, where they are missing.

    Raises ConfigError when another program has a table of such a name: it is left as it is.
    """
    require_ours(cursor, catalog)
    for name, columns in _TABLES.items():
        table = quoted(catalog, "main", name)
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({listed})")
        there = _columns(cursor, catalog, name)
        for column, kind in columns.items():  # an older version has fewer
            if column not in there:
                cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")


def require_ours(cursor: Connection, catalog: str) -> None:
    """Raise ConfigError when another program has a table where notes about fetched tables are kept."""
    for name in _TABLES:
        if (there := _columns(cursor, catalog, name)) and not is_ours(cursor, catalog, name):
            raise ConfigError(
                f"The database has a table {name} of another program, and notes about fetched tables are "
                "kept in a table of that name. Fetch into another database.",
                details={"table": name, "columns": there},
            )


def is_ours(cursor: Connection, catalog: str, name: str = LEDGER) -> bool:
    """Whether the database has such a table, and not another program's of its name."""
    there = _columns(cursor, catalog, name)
    return all(there.get(column) == _TABLES[name][column] for column in _ALWAYS[name])


def _columns(cursor: Connection, catalog: str, name: str) -> dict[str, str]:
    """The columns of a table or view and their types; none when it is not there."""
    rows = cursor.execute(
        "SELECT lower(column_name), data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = 'main' AND lower(table_name) = ?",
        [catalog, name],
    ).fetchall()
    return dict(rows)


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
    """Writes down that a fetch brought ``rows`` into ``table``, which had ``before`` (None: it was
    not there)."""
    at = naive(metadata.fetched_at)
    rejects = [(item, reject) for item in lines for reject in item.rejects]
    _insert(
        cursor, catalog, LEDGER,
        table_name=table, fetch_type=metadata.type, window_start=_day(metadata.from_date),
        window_end=_day(metadata.to_date),
        filter_hash=EventFilter(_narrowed(metadata), metadata.filter_where).hash,
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
    """One more than any fetch of the database has; those of older versions have none."""
    [(number,)] = cursor.execute(
        f"SELECT coalesce(max(load_number), 0) + 1 FROM {quoted(catalog, 'main', LEDGER)}"
    ).fetchall()
    return int(number)


def _insert(cursor: Connection, catalog: str, name: str, **values: Any) -> None:
    places = ", ".join("?" * len(values))
    cursor.execute(
        f"INSERT INTO {quoted(catalog, 'main', name)} ({', '.join(values)}) VALUES ({places})",
        list(values.values()),
    )


def forget(cursor: Connection, catalog: str, table: str) -> None:
    """Removes what is noted of a table."""
    for name in filter(partial(is_ours, cursor, catalog), (LEDGER, REJECTED)):
        cursor.execute(f"DELETE FROM {quoted(catalog, 'main', name)} WHERE table_name = ?", [table])


def read(cursor: Connection, catalog: str) -> dict[str, TableMetadata]:
    """What is noted of each table, several fetches taken together; nothing where there is no
    ledger, or none of ours."""
    if not is_ours(cursor, catalog):
        return {}
    columns = _columns(cursor, catalog, LEDGER)
    # The ledger of a data folder, as the published file has it, tells a filter by its hash alone.
    filters = ", ".join(
        name if columns.get(name) == _TABLES[LEDGER][name] else "NULL" for name in _FILTERS
    )
    order = "table_name, fetched_at"
    if "load_number" in columns:
        order = "table_name, coalesce(load_number, 0), fetched_at"
    rows = cursor.execute(
        f"SELECT table_name, fetch_type, fetched_at, window_start, window_end, {filters} "
        f"FROM {quoted(catalog, 'main', LEDGER)} "
        f"WHERE table_name IS NOT NULL AND fetched_at IS NOT NULL ORDER BY {order}"
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
