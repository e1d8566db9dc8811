"""The state of any destination of dlt: its ``_metadata``, read through dlt."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import duckdb

from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.ledger.reader import Ledger, ledger_in
from mixpanel_data._internal.sql.ledger_columns import LEDGER_TYPES
from mixpanel_data._internal.streams.profile_sets import ProfileSet
from mixpanel_data._internal.streams.windows import ONE_DAY, Window
from mixpanel_data._internal.time_zones import Zone, day_start
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sources.destination_tables import DestinationTables, Row, SqlTables
from mixpanel_data.sources.ledger_rows import naive_utc
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, LEDGER, PROFILES, REJECTED

MOST_CHECKED = 400
"""Days whose rows are counted at the start of a run."""

log = logging.getLogger(__name__)


class DestinationState:
    """The ledger and the rejected lines of a destination.

    ``replaces`` is True if a load replaces the rows of its days, even one that was not completed
    afterwards; False if it appends, and only rows of completed loads count. ``counts_days`` is True
    if the table of events has a column ``day``.
    """

    def __init__(
        self,
        tables: DestinationTables,
        *,
        name: str,
        replaces: bool,
        counts_days: bool,
        sets: Iterable[ProfileSet],
    ) -> None:
        self._tables = tables
        self._name = name
        self._replaces = replaces
        self._counts_days = counts_days
        self._sets = tuple(sets)
        self.next_load_number = 1
        """One more than the number of any load in the ledger, completed or not."""

    def read_ledger(self) -> Ledger:
        """Return the ledger as it is now. Days and profiles whose table is missing are left out, as
        after ``dlt pipeline … drop``."""
        rows = self._tables.rows(LEDGER)
        self.next_load_number = 1 + max((row.get("load_number") or 0 for row in rows), default=0)
        committed = self._tables.committed_loads()
        if not self._replaces:
            rows = [row for row in rows if row["load_id"] in committed]
        ledger = _as_ledger(rows, committed)
        if ledger.days and not self._tables.has(EVENTS):
            ledger = replace(ledger, days={})
        for kind in (PROFILES, GROUP_PROFILES):
            if any(of == kind for of, _ in ledger.reads) and not self._tables.has(kind):
                reads = {key: read for key, read in ledger.reads.items() if key[0] != kind}
                ledger = replace(ledger, reads=reads)
        counts = {
            of.group_key: ledger.reads[of.kind, of.whole].row_count
            for of in self._sets
            if (of.kind, of.whole) in ledger.reads
        }
        return self._without_disagreeing_days(replace(ledger, profile_counts=counts))

    def require_same(self, ledger: Ledger, credentials: Credentials, zone: Zone) -> None:
        """Raise ConfigError if the destination has another project, or days of another zone."""
        own = (credentials.project_id, credentials.region)
        for project, region in ledger.projects:
            if (project, region) != own:
                raise ConfigError(
                    f"{self._name} has project {project} (region {region}), and the credentials "
                    f"are for project {own[0]} (region {own[1]}). Give each project a dataset_name "
                    "of its own."
                )
        differ = [
            day
            for day, record in ledger.days.items()
            if record.range_end != day_start(day + ONE_DAY, zone)
        ]
        if differ:
            raise ConfigError(
                f"{len(differ)} days of {self._name}, from {min(differ)} on, do not begin and end "
                f"as those of {zone.key} do. Set time_basis and project_timezone back to their "
                "former values, or load into another dataset_name."
            )

    def rejected_lines(self, window: Window) -> set[str]:
        """Return the lines of events that were rejected in fetches of any day of ``window``."""
        return {
            row["raw"]
            for row in self._rejected(EVENTS)
            if row["window_start"] <= window.last and row["window_end"] >= window.first
        }

    def rejected_profiles(self, kind: str) -> set[str]:
        """Return the rejected profiles; ``kind`` is ``profiles`` or ``group_profiles``."""
        return {row["raw"] for row in self._rejected(kind)}

    def _rejected(self, kind: str) -> list[Row]:
        names = ["table_name", "window_start", "window_end", "raw"]
        rows = self._tables.rows(REJECTED, names, f"table_name = '{kind}'")
        return [row for row in rows if row["table_name"] == kind]

    def stored_profiles(self, of: ProfileSet) -> set[str]:
        """Return the ids of the profiles in the destination that ``of`` contains."""
        key = of.group_key.replace("'", "''")
        names = ["distinct_id", *(["group_key"] if of.group_key else [])]
        rows = self._tables.rows(of.kind, names, f"group_key = '{key}'" if key else "")
        return {row["distinct_id"] for row in rows}

    def _without_disagreeing_days(self, ledger: Ledger) -> Ledger:
        """Return the ledger without the days of the newest load that have other numbers of rows.

        dlt repeats a job after a kill, also one whose rows were committed.
        """
        if not (self._counts_days and self._replaces and isinstance(self._tables, SqlTables)):
            return ledger
        newest = max((record.load_number for record in ledger.days.values()), default=0)
        days = sorted(d for d, record in ledger.days.items() if record.load_number == newest)
        days = days[-MOST_CHECKED:]
        if not days:
            return ledger
        found = self._tables.query(
            f"SELECT day, count(*) AS n FROM {{{EVENTS}}} WHERE day >= CAST('{days[0]}' AS DATE) "
            f"AND day <= CAST('{days[-1]}' AS DATE) GROUP BY day"
        )
        counts = {row["day"]: row["n"] for row in found or []}
        wrong = [day for day in days if counts.get(day, 0) != ledger.days[day].row_count]
        if wrong:
            log.warning(
                "%d days of %s do not have as many rows as in the ledger, and are refetched: %s",
                len(wrong),
                self._name,
                ", ".join(map(str, wrong)),
            )
        return replace(
            ledger, days={day: record for day, record in ledger.days.items() if day not in wrong}
        )


def _as_ledger(rows: list[Row], committed: set[str]) -> Ledger:
    """Return the ledger that these rows of ``_metadata`` make, by the query of the raw database."""
    columns = ", ".join(
        f"unnest(${name}::{kind}[]) AS {name}" for name, kind in LEDGER_TYPES.items()
    )
    values = {name: [_plain(row.get(name)) for row in rows] for name in LEDGER_TYPES}
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE _metadata AS SELECT {columns}", values)
        connection.execute(
            "CREATE TABLE _dlt_loads AS SELECT unnest($loads::VARCHAR[]) AS load_id, 0 AS status",
            {"loads": sorted(committed)},
        )
        return ledger_in(connection, "main")


def _plain(value: Any) -> Any:
    """Return a value as DuckDB takes it: times as naive UTC."""
    return naive_utc(value) if isinstance(value, datetime) and value.tzinfo else value


def previous_counts(ledger: Ledger) -> Mapping[date, int]:
    """Return the rows of each day by the ledger."""
    return {day: record.row_count for day, record in ledger.days.items()}
