"""SQL that reads the lines of Mixpanel's export. Loading and validation share it, so they agree."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from mixpanel_data._internal.sql_literals import literal, timestamp
from mixpanel_data._internal.streams.windows import ONE_DAY, Window, contiguous
from mixpanel_data._internal.time_zones import Zone, day_start, to_local, to_utc

SLACK = 64 * 1024
"""Bytes that DuckDB needs beyond the largest object."""

USUAL_OBJECT = 2 * 1024 * 1024
"""Bytes. An event is below 1 MB when sent [docs/mixpanel-facts.md, 3]. DuckDB allocates twice this
for each thread."""

# One list of paths, extracted in one pass: four separate extractions cost four times as much.
_PATHS = "['$.time', '$.distinct_id', '$.\"$insert_id\"']"
# A time of at least this is in milliseconds, below it in seconds [docs/mixpanel-facts.md, 11.1].
_MILLISECONDS_FROM = "1e11"
_YEAR_9892 = "2.5e14"
_STRING = r'"(?:[^"\\]|\\.)*"'
_YEAR_9999_MS = 253_402_300_799_999


def unless_not_finite(text: str, value: str) -> str:
    """Return SQL that is ``value``, and NULL where the JSON ``text`` has a number NaN or Infinity.

    DuckDB reads these two, which are not JSON, and would keep them for readers that refuse them.
    """
    # Only few texts contain the words; whether they are numbers is then looked up outside of
    # strings.
    outside = f"regexp_replace({text}, '{_STRING}', '', 'g')"
    return (
        f"CASE WHEN contains({text}, 'NaN') OR contains({text}, 'Infinity') "
        f"THEN CASE WHEN NOT regexp_matches({outside}, 'NaN|Infinity') THEN {value} END "
        f"ELSE {value} END"
    )


def read_event_lines(paths: Sequence[Path], *, longest: int = 0) -> str:
    """Return a relation (event, properties) of the lines in ``paths``, unordered.

    ``longest`` is the bytes of the longest line. A line that is not a JSON object is a row of
    NULLs; a blank line is no row. Of two equal keys beside ``event`` the first one counts. With one
    thread the rows are in the order of the lines.
    """
    files = ", ".join(literal(path) for path in paths)
    return (
        f"read_json([{files}], format='newline_delimited', compression='none', "
        f"maximum_object_size={max(USUAL_OBJECT, longest + SLACK)}, columns={{event: 'VARCHAR', properties: 'JSON'}}, "
        "ignore_errors=true)"
    )


def events_query(relation: str, zone: Zone, *, also: str = "") -> str:
    """Return a query (event, time, distinct_id, insert_id, properties) over (event, properties).

    ``also`` names a further column of the relation to pass through. ``event`` is NULL where
    ``properties`` has a number that JSON does not have.

    ``time`` is UTC, and NULL where it can't be read. Projects created before 2023 export local
    wall-clock time counted as if it were UTC [docs/mixpanel-facts.md, 11.1]: for those, ``zone`` is
    the project's, and the time is converted back.
    """
    # The largest values keep make_timestamp() and its multiplication from overflowing.
    clock = (
        f"CASE WHEN abs(seconds) < {_MILLISECONDS_FROM} THEN make_timestamp(CAST(seconds * 1000000 AS BIGINT)) "
        f"WHEN abs(seconds) < {_YEAR_9892} THEN make_timestamp(CAST(seconds * 1000 AS BIGINT)) END"
    )
    also = f", {also}" if also else ""
    return (
        f"SELECT event, {to_utc('clock', zone.key)} AS time, found[2] AS distinct_id, found[3] AS insert_id, properties{also} "
        f"FROM (SELECT event, properties, found{also}, {clock} AS clock "
        f"FROM (SELECT event, properties, found{also}, try_cast(found[1] AS DOUBLE) AS seconds "
        f"FROM (SELECT {unless_not_finite('properties', 'event')} AS event, properties, "
        f"json_extract_string(properties, {_PATHS}) AS found{also} FROM {relation})))"
    )


def processed_at(properties: str) -> str:
    """Return SQL for when Mixpanel processed an event, in UTC, from its JSON ``properties``.

    It is NULL where they hold no time up to the year 9999.
    """
    text = f"json_extract_string({properties}, '$.mp_processing_time_ms')"
    milliseconds = f"try_cast({text} AS BIGINT)"
    return (
        f"CASE WHEN {milliseconds} BETWEEN 0 AND {_YEAR_9999_MS} THEN epoch_ms({milliseconds}) END"
    )


def in_windows(windows: Iterable[Window], zone: Zone) -> str:
    """Return the condition that ``time`` is in one of the windows; an unreadable time is in
    none."""
    runs = contiguous(day for window in windows for day in window.days())
    ranges = (
        f"(time >= {timestamp(start)} AND time < {timestamp(end)})"
        for start, end in (window_bounds(run, zone) for run in runs)
    )
    return "(" + " OR ".join(ranges) + ")"


def window_bounds(window: Window, zone: Zone) -> tuple[datetime, datetime]:
    """Return the first instant of ``window`` and the first one after it, both naive UTC."""
    return day_start(window.first, zone), day_start(window.last + ONE_DAY, zone)


def local_date_of(column: str, zone: Zone) -> str:
    """Return SQL for the date of a UTC timestamp in ``zone``."""
    return f"CAST({to_local(column, zone.key)} AS DATE)"
