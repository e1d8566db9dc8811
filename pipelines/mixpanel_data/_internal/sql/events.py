"""How DuckDB reads a line of the export. One place, so that what is loaded and what is inspected
can't differ."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from mixpanel_data._internal.sql.literals import literal, timestamp
from mixpanel_data._internal.streams.windows import ONE_DAY, Window, contiguous
from mixpanel_data._internal.time_zones import Zone, day_start, to_local, to_utc

SLACK = 64 * 1024
"""Bytes that DuckDB wants beyond the largest object."""

USUAL_OBJECT = 2 * 1024 * 1024
"""Bytes. An event is below 1 MB when sent [docs/mixpanel-facts.md, 3]. DuckDB sets aside twice this
for each thread."""

# One list of paths, extracted in one pass: four separate extractions cost four times as much.
_PATHS = "['$.time', '$.distinct_id', '$.\"$insert_id\"']"
_MILLISECONDS_FROM = "1e11"  # a time of at least this is in milliseconds, below it in seconds [docs/mixpanel-facts.md, 11.1]
_YEAR_9892 = "2.5e14"
_YEAR_9999_MS = 253_402_300_799_999


def read_lines(paths: Sequence[Path], *, longest: int = 0) -> str:
    """A relation (event, properties) of the lines in ``paths``, none longer than ``longest`` bytes,
    in no order.

    A line that is no JSON object is a row of NULLs; a blank line is none. Of two equal keys beside
    ``event`` the first counts. On one thread the rows are in the order of the lines.
    """
    files = ", ".join(literal(path) for path in paths)
    return (
        f"read_json([{files}], format='newline_delimited', compression='none', "
        f"maximum_object_size={max(USUAL_OBJECT, longest + SLACK)}, columns={{event: 'VARCHAR', properties: 'JSON'}}, "
        "ignore_errors=true)"
    )


def events_of(relation: str, zone: Zone, *, also: str = "") -> str:
    """A query (event, time, distinct_id, insert_id, properties) over a relation of (event,
    properties).

    ``also`` names a further column of the relation that is handed through.

    ``time`` is UTC, NULL where it can't be read. Projects created before 2023 export local
    wall-clock time counted as if it were UTC [docs/mixpanel-facts.md, 11.1]: there ``zone`` is the
    project's, and turns it back.
    """
    clock = (
        f"CASE WHEN abs(seconds) < {_MILLISECONDS_FROM} THEN make_timestamp(CAST(seconds * 1000000 AS BIGINT)) "
        f"WHEN abs(seconds) < {_YEAR_9892} THEN make_timestamp(CAST(seconds * 1000 AS BIGINT)) END"
    )
    also = f", {also}" if also else ""
    return (
        f"SELECT event, {to_utc('clock', zone.key)} AS time, found[2] AS distinct_id, found[3] AS insert_id, properties{also} "
        f"FROM (SELECT event, properties, found{also}, {clock} AS clock "
        f"FROM (SELECT event, properties, found{also}, try_cast(found[1] AS DOUBLE) AS seconds "
        f"FROM (SELECT event, properties, json_extract_string(properties, {_PATHS}) AS found{also} FROM {relation})))"
    )


def processed_at(properties: str) -> str:
    """When Mixpanel processed an event, UTC; NULL where its JSON ``properties`` hold no time up to
    the year 9999."""
    text = f"json_extract_string({properties}, '$.mp_processing_time_ms')"
    milliseconds = f"try_cast({text} AS BIGINT)"
    return (
        f"CASE WHEN {milliseconds} BETWEEN 0 AND {_YEAR_9999_MS} THEN epoch_ms({milliseconds}) END"
    )


def within(windows: Iterable[Window], zone: Zone) -> str:
    """The condition that ``time`` lies in one of the windows; a time that can't be read lies in
    none."""
    runs = contiguous(day for window in windows for day in window.days())
    ranges = (
        f"(time >= {timestamp(start)} AND time < {timestamp(end)})"
        for start, end in (bounds(run, zone) for run in runs)
    )
    return "(" + " OR ".join(ranges) + ")"


def bounds(window: Window, zone: Zone) -> tuple[datetime, datetime]:
    """The first instant of ``window`` and the first after it, naive UTC."""
    return day_start(window.first, zone), day_start(window.last + ONE_DAY, zone)


def day_of(column: str, zone: Zone) -> str:
    """The date of a UTC timestamp, in ``zone``."""
    return f"CAST({to_local(column, zone.key)} AS DATE)"
