"""The history of comparisons with Mixpanel's counts: a file that grows, and a published table of it.

The file has a JSON object a line, oldest first. Each publication copies it into the table
`_reconciliations`, so that readers of the published file, and `mp query sql`, have it.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import private_files
from mixpanel_data._internal.database.table_names import RECONCILIATIONS
from mixpanel_data._internal.sql_literals import literal

MOST_ROWS = 10_000
"""Rows of one comparison. A wrong time basis would add one for every day and event."""

_COLUMNS = {
    "compared_at": ("TIMESTAMP", "When the counts were compared, UTC."),
    "from_date": ("DATE", "First compared day, in the project''s time zone."),
    "to_date": ("DATE", "Last compared day."),
    "days_compared": ("BIGINT", "Number of compared days."),
    "event_date": ("DATE", "The day that differs. Null for an event that no day of reports has."),
    "event": ("VARCHAR", "Name of the event that differs. Null if nothing differed."),
    "mixpanel_count": ("BIGINT", "Events according to Mixpanel''s reports."),
    "published_count": ("BIGINT", "Events in the published table."),
    "verdict": ("VARCHAR", "The probable reason: see `mp reconcile --help`."),
}
_TABLE = (
    "One row per day and event that differed from Mixpanel''s reports, for each `mp reconcile`; one "
    "row without an event for a comparison without differences."
)


@dataclass(frozen=True)
class ReconciliationRow:
    """A row of the table. ``compared_at`` is naive UTC."""

    compared_at: datetime
    from_date: date
    to_date: date
    days_compared: int
    event_date: date | None = None
    event: str | None = None
    mixpanel_count: int | None = None
    published_count: int | None = None
    verdict: str | None = None


def append_rows(path: Path, rows: Iterable[ReconciliationRow]) -> None:
    """Append the rows of one comparison, at most ``MOST_ROWS``. The data folder must exist.

    Raises:
        OSError: if they can't be written.
    """
    kept = list(rows)[-MOST_ROWS:]
    lines = [json.dumps(asdict(row), default=str, ensure_ascii=True) for row in kept]
    # A process that was killed may have left half a line: the break ends it.
    with private_files(), path.open("ab") as file:
        file.write(("\n" + "\n".join(lines) + "\n").encode())


def read_rows(path: Path) -> list[ReconciliationRow]:
    """Return all rows, oldest first; lines that can't be read are left out."""
    with suppress(OSError):
        return [row for line in path.read_bytes().split(b"\n") if line and (row := _parse(line))]
    return []


def write_table(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Copy the file, if there is one, into the table `_reconciliations` of an open database."""
    if not path.is_file():
        return
    columns = ", ".join(f"{name}: '{kind}'" for name, (kind, _) in _COLUMNS.items())
    db.execute(
        f"CREATE OR REPLACE TABLE {RECONCILIATIONS} AS SELECT * FROM read_json({literal(path)}, "
        f"format='newline_delimited', columns={{{columns}}}, ignore_errors=true) "
        "WHERE compared_at IS NOT NULL ORDER BY ALL"
    )
    db.execute(f"COMMENT ON TABLE {RECONCILIATIONS} IS '{_TABLE}'")
    for name, (_, comment) in _COLUMNS.items():
        db.execute(f"COMMENT ON COLUMN {RECONCILIATIONS}.{name} IS '{comment}'")


def utc_now() -> datetime:
    """Return the current time, in naive UTC, as the table has it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _parse(line: bytes) -> ReconciliationRow | None:
    with suppress(ValueError, TypeError, KeyError):
        fields = json.loads(line)
        fields["compared_at"] = datetime.fromisoformat(fields["compared_at"])
        for name in ("from_date", "to_date"):
            fields[name] = date.fromisoformat(fields[name])
        if fields.get("event_date"):
            fields["event_date"] = date.fromisoformat(fields["event_date"])
        return ReconciliationRow(**fields)
    return None
