"""Line-by-line validation: which lines of an export can't be loaded, and why.

It is used only for a file that DuckDB did not load as a whole. It runs the statement that loads
lines, on one thread, where its rows are in the order of the lines, so that both always agree.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import create_private
from mixpanel_data._internal.landing.body_verifier import incomplete_export
from mixpanel_data._internal.landing.files import REPAIRED, Landed, Reject
from mixpanel_data._internal.landing.other_basis import require_time_basis
from mixpanel_data._internal.landing.repair_lines import repair_line
from mixpanel_data._internal.sql.events import events_query, in_windows, read_event_lines
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone

BATCH = 5_000

# {condition} is the condition of the load; a row number is a line number, as there is one thread.
_ROWS = """
    SELECT count(*), coalesce(list(number) FILTER (WHERE NOT is_good), [])
    FROM (SELECT row_number() OVER () AS number, coalesce({condition}, false) AS is_good FROM ({rows}))
"""


@dataclass(frozen=True)
class BadLine:
    """A line of an export that can't be loaded as it is."""

    number: int
    """Counted from 1, including blank lines."""
    raw: bytes
    reason: str
    """``repaired``, or why the line is rejected."""
    repaired: bytes | None = None
    """The line that is loaded in its place."""

    @property
    def text(self) -> str:
        """The line as text, for messages and tables; bytes that are not UTF-8 appear as
        ``\\xNN``."""
        return self.raw.decode("utf-8", "backslashreplace")


def find_invalid_lines(path: Path, window: Window | None, zone: Zone) -> list[BadLine]:
    """Return the lines of an export that are not events of ``window``, or of any time without one.

    Repairable lines are included, with the line to load in their place.

    Raises:
        IncompleteExportError: if no line is an event of any kind, so that it is not an export; or
            if the events fit the days of another zone than ``zone``, so that none of them may be
            loaded.
    """
    condition = (
        f"event IS NOT NULL AND {in_windows([window], zone) if window else 'time IS NOT NULL'}"
    )

    def rows(file: Path) -> str:
        return events_query(read_event_lines([file], longest=longest_line(file)), zone)

    def failing(file: Path) -> list[int]:
        return failing_rows(rows(file), condition)

    if window:
        require_time_basis(rows(path), window, zone)
    bad = find_bad_lines(path, failing, lambda lines: _reasons(lines, window, zone))
    if bad and not _is_export(path, bad):
        raise incomplete_export(
            "not an export", f"no line is an event; the first is {bad[0].text[:120]!r}"
        )
    return bad


def failing_rows(rows: str, condition: str) -> list[int]:
    """Return the numbers, from 1, of the rows of a query for which ``condition`` does not hold."""
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(_ROWS.format(condition=condition, rows=rows)).fetchone()
    return sorted(found[1]) if found else []


def find_bad_lines(
    path: Path,
    failing: Callable[[Path], list[int]],
    reasons: Callable[[Mapping[int, bytes]], Iterable[tuple[int, str]]],
) -> list[BadLine]:
    """Return the lines whose numbers ``failing`` returns, counted without blank lines.

    Each is retried after a repair. ``reasons`` explains why the others can't be loaded.
    """
    places = set(failing(path))
    if not places:
        return []
    lines = {
        number: line
        for place, (number, line) in enumerate(numbered_lines(path), start=1)
        if place in places
    }
    repaired = {number: repair_line(line) for number, line in lines.items()}
    attempt = path.with_name(path.name + ".repaired")
    try:
        attempt.write_bytes(b"".join(line + b"\n" for line in repaired.values()))
        unrepaired = set(failing(attempt))
    finally:
        attempt.unlink(missing_ok=True)
    loaded = {
        number: line
        for place, (number, line) in enumerate(repaired.items(), start=1)
        if place not in unrepaired
    }
    why = dict(reasons({number: lines[number] for number in lines.keys() - loaded.keys()}))
    return [
        BadLine(number, line, REPAIRED, loaded[number])
        if number in loaded
        else BadLine(number, line, why.get(number, "DuckDB can't read it"))
        for number, line in lines.items()
    ]


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each line that is not blank, without line break and byte order
    mark."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            # DuckDB skips such a mark only if it reads with one thread.
            content = (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
            if content:
                yield number, content


def longest_line(path: Path) -> int:
    """Return the length of the longest line, in bytes."""
    with path.open("rb") as file:
        return max(map(len, file), default=0)


def rewrite_without(path: Path, bad: Iterable[BadLine]) -> int:
    """Repair or remove the ``bad`` lines in the file, and remove blank lines.

    Return the number of lines left.
    """
    replacements = {line.number: line.repaired for line in bad}
    clean = path.with_name(path.name + ".part")
    kept = 0
    with create_private(clean) as file:
        for number, line in numbered_lines(path):
            content = replacements.get(number, line)
            if content is not None:
                file.write(content + b"\n")
                kept += 1
    clean.replace(path)
    return kept


def remove_invalid(
    landed: Landed, bad: Sequence[BadLine], to_reject: Callable[[BadLine], Reject]
) -> Landed:
    """Repair or remove the ``bad`` lines in the file; keep the originals in ``rejects``."""
    lines = rewrite_without(landed.path, bad)
    # A repaired line may be longer: the escape of a control character has six bytes.
    return replace(
        landed, lines=lines, raw_size=landed.path.stat().st_size,
        rejects=tuple(map(to_reject, bad)),
        largest_object=max(landed.largest_object, longest_line(landed.path)),
    )  # fmt: skip


def reject_lines(landed: Landed, bad: Sequence[BadLine]) -> Landed:
    """Repair or remove the ``bad`` events in the file; keep the originals in ``rejects``."""
    return remove_invalid(landed, bad, lambda line: Reject(line.number, line.text, line.reason))


def _is_export(path: Path, bad: Iterable[BadLine]) -> bool:
    numbers = {line.number for line in bad if not _resembles_event(line)}
    return any(number not in numbers for number, _ in numbered_lines(path))


def _resembles_event(line: BadLine) -> bool:
    return line.repaired is not None or (line.raw.startswith(b"{") and b'"event"' in line.raw)


def _reasons(
    lines: Mapping[int, bytes], window: Window | None, zone: Zone
) -> Iterator[tuple[int, str]]:
    rest = iter(lines.items())
    with duckdb.connect() as connection:
        while batch := dict(islice(rest, BATCH)):
            texts: dict[int, str] = {}
            for number, line in batch.items():
                try:
                    texts[number] = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    yield number, f"not UTF-8 at byte {error.start}"
            values = [list(texts), list(texts.values())]
            yield from connection.execute(_why(window, zone), values).fetchall()


def _why(window: Window | None, zone: Zone) -> str:
    lines = "(SELECT unnest($1::BIGINT[]) AS number, unnest($2::VARCHAR[]) AS line)"
    parsed = (
        "(SELECT number, json_valid(line) AS valid, CASE WHEN json_valid(line) THEN line::JSON END AS document "
        f"FROM {lines})"
    )
    shaped = (
        "(SELECT number, valid, json_extract_string(document, '$.event') AS event, "
        f"json_extract(document, '$.properties') AS properties FROM {parsed})"
    )
    events = events_query(
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
    """
