"""Lines into a table, as fast as DuckDB reads them: in one statement, by a cursor inside a transaction."""

from collections.abc import Sequence

import duckdb

from mixpanel_data._internal.event_sql import (
    SLACK,
    USUAL_OBJECT,
    events_of,
    literal,
    read_lines,
    within,
)
from mixpanel_data._internal.storage_files import Connection
from mixpanel_data._internal.storage_lines import Kind, Lines
from mixpanel_data._internal.storage_unreadable import require_all
from mixpanel_data._internal.zones import Zone

TYPES: dict[Kind, dict[str, str]] = {
    "events": {
        "event": "VARCHAR",
        "time": "TIMESTAMP",
        "distinct_id": "VARCHAR",
        "insert_id": "VARCHAR",
        "properties": "JSON",
    },
    "profiles": {"distinct_id": "VARCHAR", "properties": "JSON"},
}
"""The columns of fetched tables."""

_COLUMNS: dict[Kind, str] = {kind: ", ".join(types) for kind, types in TYPES.items()}
_SCHEMAS: dict[Kind, str] = {
    # zstd halves the file at no cost in time (measured).
    kind: ", ".join(f"{name} {type_}" for name, type_ in types.items()) + " USING COMPRESSION zstd"
    for kind, types in TYPES.items()
}

_INCOMING = "temp.main.incoming"
_AS_INGESTED = (
    "coalesce(json_extract_string({0}.properties, '$.\"$distinct_id_before_identity\"'), "
    "{0}.distinct_id)"
)
_SAME: dict[Kind, str] = {
    # Mixpanel's own rule [reference page, 11.2]. Without an insert_id two events are never one.
    "events": "new.insert_id = old.insert_id AND new.event = old.event AND new.time = old.time "
    f"AND {_AS_INGESTED.format('new')} IS NOT DISTINCT FROM {_AS_INGESTED.format('old')}",
    "profiles": "new.distinct_id = old.distinct_id",
}


def create(cursor: Connection, table: str, kind: Kind, lines: Sequence[Lines], zone: Zone) -> int:
    """The rows of ``table``, a qualified identifier, now that it is there.

    Raises:
        IncompleteExportError: a landed file has a line that can't be read.
        QueryError: a file or record of somebody else has.
    """
    cursor.execute(f"CREATE TABLE {table} ({_SCHEMAS[kind]})")
    if kind == "events":  # straight into place: half the work
        return _read(cursor, f"INSERT INTO {table}", kind, lines, zone)
    _gather(cursor, kind, lines, zone)
    return _move(cursor, table, kind)


def append(cursor: Connection, table: str, kind: Kind, lines: Sequence[Lines], zone: Zone) -> int:
    """The rows put into ``table``, those included that came in the place of an older copy. Raises as :func:`create`."""
    _gather(cursor, kind, lines, zone)
    cursor.execute(f"DELETE FROM {table} AS old USING {_INCOMING} AS new WHERE {_SAME[kind]}")
    return _move(cursor, table, kind)


def _gather(cursor: Connection, kind: Kind, lines: Sequence[Lines], zone: Zone) -> None:
    number = ", n BIGINT" if kind == "profiles" else ""
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({_SCHEMAS[kind]}{number})")
    _read(cursor, f"INSERT INTO {_INCOMING}", kind, lines, zone)
    if kind == "profiles":  # one that changed while the pages were read is on two of them
        cursor.execute(
            f"DELETE FROM {_INCOMING} AS old USING {_INCOMING} AS new "
            "WHERE old.distinct_id = new.distinct_id AND old.n < new.n"
        )


def _move(cursor: Connection, table: str, kind: Kind) -> int:
    inserted = cursor.execute(
        f"INSERT INTO {table} ({_COLUMNS[kind]}) SELECT {_COLUMNS[kind]} FROM {_INCOMING}"
    ).fetchone()
    cursor.execute(f"DROP TABLE {_INCOMING}")
    return int(inserted[0]) if inserted else 0


def _read(cursor: Connection, insert: str, kind: Kind, lines: Sequence[Lines], zone: Zone) -> int:
    filled = [item for item in lines if item.count]
    if not filled:
        return 0
    query = _events(filled, zone) if kind == "events" else _profiles(filled)
    try:
        inserted = cursor.execute(f"{insert} {query}").fetchone()
    except duckdb.InvalidInputException:
        inserted = None  # a line that is no JSON: the slow look says which
    found = int(inserted[0]) if inserted else -1
    if found != sum(item.count for item in filled):
        require_all(found, filled, kind, zone)
    return found


def _events(lines: Sequence[Lines], zone: Zone) -> str:
    windows = [item.window for item in lines if item.window]
    in_time = within(windows, zone) if len(windows) == len(lines) else "time IS NOT NULL"
    relation = read_lines([item.path for item in lines], longest=max(i.longest for i in lines))
    return (
        f"SELECT {_COLUMNS['events']} FROM ({events_of(relation, zone)}) "
        f"WHERE event IS NOT NULL AND {in_time}"
    )


def _profiles(lines: Sequence[Lines]) -> str:
    files = ", ".join(literal(item.path) for item in lines)
    largest = max(USUAL_OBJECT, *(item.longest + SLACK for item in lines))
    return (
        """SELECT json_extract_string(profile, '$."$distinct_id"') AS distinct_id, """
        """coalesce(json_extract(profile, '$."$properties"'), '{}') AS properties, n """
        f"FROM read_json([{files}], format='newline_delimited', compression='none', "
        f"maximum_object_size={largest}, columns={{n: 'BIGINT', profile: 'JSON'}}) "
        "WHERE distinct_id IS NOT NULL"
    )
