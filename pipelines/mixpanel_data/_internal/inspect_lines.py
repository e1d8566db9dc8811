"""The slow look at a file that would not load: which lines can't be read, and why.

Only a file that looked odd, or that DuckDB refused, comes here. Lines are judged by the parser that loads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from mixpanel_data._internal.event_sql import events_of, within
from mixpanel_data._internal.windows import Window

BATCH = 5_000


@dataclass(frozen=True)
class BadLine:
    """A line of an export that can't be loaded."""

    number: int
    """Counted from 1, blank lines too."""
    raw: bytes
    reason: str

    @property
    def text(self) -> str:
        """The line for people, and for a table: bytes that are not UTF-8 are shown as ``\\xNN``."""
        return self.raw.decode("utf-8", "backslashreplace")


def inspect_lines(path: Path, window: Window | None, zone: ZoneInfo) -> list[BadLine]:
    """The lines of an export that are no event of ``window``; without one, no event of any time."""
    bad: list[BadLine] = []
    with duckdb.connect() as connection:
        lines = numbered_lines(path)
        while batch := dict(islice(lines, BATCH)):
            bad += _unreadable(connection, batch, window, zone)
    return sorted(bad, key=lambda line: line.number)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not blank, without its line break."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            content = line.strip(b"\r\n \t")
            if content:
                yield number, content


def without(path: Path, numbers: set[int]) -> int:
    """How many lines are left after those of ``numbers``, and blank ones, were taken out of the file."""
    clean = path.with_name(path.name + ".part")
    kept = 0
    with clean.open("wb") as file:
        for number, line in numbered_lines(path):
            if number not in numbers:
                file.write(line + b"\n")
                kept += 1
    clean.replace(path)
    return kept


def _unreadable(
    connection: duckdb.DuckDBPyConnection,
    raw: dict[int, bytes],
    window: Window | None,
    zone: ZoneInfo,
) -> Iterator[BadLine]:
    texts: dict[int, str] = {}
    for number, line in raw.items():
        try:
            texts[number] = line.decode("utf-8")
        except UnicodeDecodeError as error:
            yield BadLine(number, line, f"not UTF-8 at byte {error.start}")
    for number, reason in connection.execute(
        _judge(window, zone), [list(texts), list(texts.values())]
    ).fetchall():
        yield BadLine(number, raw[number], reason)


def _judge(window: Window | None, zone: ZoneInfo) -> str:
    in_time = within([window], zone) if window else "time IS NOT NULL"
    lines = "(SELECT unnest($1::BIGINT[]) AS number, unnest($2::VARCHAR[]) AS line)"
    parsed = (
        "(SELECT number, line, json_valid(line) AS valid, CASE WHEN json_valid(line) THEN line::JSON END AS document "
        f"FROM {lines})"
    )
    shaped = (
        "(SELECT number, valid, json_extract_string(document, '$.event') AS event, "
        f"json_extract(document, '$.properties') AS properties FROM {parsed})"
    )
    events = events_of(
        f"(SELECT * FROM {shaped} WHERE properties IS NOT NULL)", zone, also="number"
    )
    return f"""
        SELECT number, CASE
            WHEN NOT valid THEN 'not valid JSON'
            WHEN event IS NULL THEN 'no event name'
            WHEN properties IS NULL OR json_type(properties) <> 'OBJECT' THEN 'no properties'
            WHEN time IS NULL THEN 'no readable time'
            ELSE 'time outside {window}' END AS reason
        FROM {shaped} LEFT JOIN (SELECT number, time FROM ({events})) USING (number)
        WHERE NOT coalesce(valid AND event IS NOT NULL AND {in_time}, false)
    """
