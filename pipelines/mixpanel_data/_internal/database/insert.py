"""Loads lines into a table in one statement, with a cursor inside a transaction."""

from collections.abc import Sequence

import duckdb

from mixpanel_data._internal.database import duplicates
from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.input_files import Kind, Lines
from mixpanel_data._internal.database.unreadable_lines import require_all_lines
from mixpanel_data._internal.sql.events import (
    SLACK,
    USUAL_OBJECT,
    events_query,
    in_windows,
    read_event_lines,
)
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data._internal.time_zones import Zone

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
    # zstd halves the file without taking longer (measured).
    kind: ", ".join(f"{name} {type_}" for name, type_ in types.items()) + " USING COMPRESSION zstd"
    for kind, types in TYPES.items()
}

_INCOMING = "temp.main.incoming"


def create_table(
    cursor: Connection, table: str, kind: Kind, lines: Sequence[Lines], zone: Zone
) -> int:
    """Create ``table``, a qualified identifier, without duplicates; return its number of rows.

    Raises:
        IncompleteExportError: if a landed file has an unreadable line.
        QueryError: if a file or record of the user has one.
    """
    cursor.execute(f"CREATE TABLE {table} ({_SCHEMAS[kind]})")
    if kind == "events":  # directly into the table: half the work
        rows = _insert_lines(cursor, f"INSERT INTO {table}", kind, lines, zone)
        return rows - duplicates.drop_copies(cursor, table)
    rows = _load_incoming(cursor, kind, lines, zone)
    _move_incoming(cursor, table, kind)
    return rows


def append_to_table(
    cursor: Connection, table: str, kind: Kind, lines: Sequence[Lines], zone: Zone
) -> int:
    """Add events or profiles to ``table``; return their number without duplicates.

    An event that has a better copy in the table is counted, too. Raises like :func:`create`.
    """
    rows = _load_incoming(cursor, kind, lines, zone)
    if kind == "events":
        duplicates.merge_new(cursor, table, _INCOMING)
    else:  # the profile fetched last is the current one
        cursor.execute(
            f"DELETE FROM {table} AS old USING {_INCOMING} AS new "
            "WHERE old.distinct_id = new.distinct_id"
        )
    _move_incoming(cursor, table, kind)
    return rows


def _load_incoming(cursor: Connection, kind: Kind, lines: Sequence[Lines], zone: Zone) -> int:
    """Load the lines into ``incoming`` without duplicates; return its number of rows."""
    number = ", n BIGINT" if kind == "profiles" else ""
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE incoming ({_SCHEMAS[kind]}{number})")
    rows = _insert_lines(cursor, f"INSERT INTO {_INCOMING}", kind, lines, zone)
    if kind == "events":
        return rows - duplicates.drop_copies(cursor, _INCOMING)
    # A profile that changed while the pages were read is on two of them.
    removed = cursor.execute(
        f"DELETE FROM {_INCOMING} AS old USING {_INCOMING} AS new "
        "WHERE old.distinct_id = new.distinct_id AND old.n < new.n"
    ).fetchone()
    return rows - (int(removed[0]) if removed else 0)


def _move_incoming(cursor: Connection, table: str, kind: Kind) -> None:
    cursor.execute(
        f"INSERT INTO {table} ({_COLUMNS[kind]}) SELECT {_COLUMNS[kind]} FROM {_INCOMING}"
    )
    cursor.execute(f"DROP TABLE {_INCOMING}")


def _insert_lines(
    cursor: Connection, insert: str, kind: Kind, lines: Sequence[Lines], zone: Zone
) -> int:
    filled = [item for item in lines if item.count]
    if not filled:
        return 0
    query = _select_events(filled, zone) if kind == "events" else _select_profiles(filled)
    try:
        inserted = cursor.execute(f"{insert} {query}").fetchone()
    except duckdb.InvalidInputException:
        inserted = None  # a line is not JSON: the validation of each line finds it
    found = int(inserted[0]) if inserted else -1
    if found != sum(item.count for item in filled):
        require_all_lines(found, filled, kind, zone)
    return found


def _select_events(lines: Sequence[Lines], zone: Zone) -> str:
    windows = [item.window for item in lines if item.window]
    in_time = in_windows(windows, zone) if len(windows) == len(lines) else "time IS NOT NULL"
    relation = read_event_lines(
        [item.path for item in lines], longest=max(i.longest for i in lines)
    )
    return (
        f"SELECT {_COLUMNS['events']} FROM ({events_query(relation, zone)}) "
        f"WHERE event IS NOT NULL AND {in_time}"
    )


def _select_profiles(lines: Sequence[Lines]) -> str:
    files = ", ".join(literal(item.path) for item in lines)
    largest = max(USUAL_OBJECT, *(item.longest + SLACK for item in lines))
    return (
        """SELECT json_extract_string(profile, '$."$distinct_id"') AS distinct_id, """
        """coalesce(json_extract(profile, '$."$properties"'), '{}') AS properties, n """
        f"FROM read_json([{files}], format='newline_delimited', compression='none', "
        f"maximum_object_size={largest}, columns={{n: 'BIGINT', profile: 'JSON'}}) "
        "WHERE distinct_id IS NOT NULL"
    )
