"""Reads the ledger `_metadata`.

Of several rows for one day the newest counts, and only if its load package was committed.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage import missing_tables_error
from mixpanel_data._internal.data_folder.errors import translate_errors
from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.load_order import NEWEST_FIRST, with_load_numbers
from mixpanel_data._internal.ledger.profiles import count_profiles, newest_reads
from mixpanel_data._internal.ledger.records import DayRecord, ReadRecord, Reads
from mixpanel_data._internal.ledger.tables import table_names
from mixpanel_data._internal.streams.profile_sets import USERS
from mixpanel_data._internal.streams.windows import ONE_DAY
from mixpanel_data._internal.time_zones import Zone, day_start
from mixpanel_data.exceptions import ConfigError

# The newest row is chosen before the filter on commits: a run killed between its transaction and
# its row in the table of loads has replaced the day's rows. The ledger's earlier rows for the day
# are no longer true, so the day counts as missing.
_COUNTS = """
    FROM (
        FROM {ledger}
        QUALIFY row_number() OVER (PARTITION BY table_name, window_start ORDER BY {newest_first}) = 1
    )
    WHERE load_id IN (SELECT load_id FROM {loads} WHERE status = 0)
"""


@dataclass(frozen=True)
class Ledger:
    """The newest committed row of each day and each kind of profile read."""

    days: dict[date, DayRecord]
    reads: Reads = field(default_factory=dict)
    """The newest reads of profiles."""
    profile_counts: dict[str, int] = field(default_factory=dict)
    """The number of profiles by group key; of users under ``""``."""
    wanted_from: date | None = None
    """The earliest day that any run was to fetch."""
    projects: tuple[tuple[str, str], ...] = ()
    """Project and region of the rows; more than one pair is an error."""
    loads: frozenset[str] = frozenset()
    """The load ids of all committed rows, including replaced ones."""
    rejected_profiles: dict[str, int] = field(default_factory=dict)
    """The number of unreadable ``profiles`` and ``group_profiles`` kept in ``_rejected``."""
    repaired: int = 0
    """The number of lines kept there that were loaded with replacement characters."""

    @property
    def profiles(self) -> ReadRecord | None:
        """The newest complete snapshot of user profiles."""
        return self.reads.get((USERS.kind, USERS.whole))

    def is_loaded(self, file: Landed, load_id: str) -> bool:
        """Return True if this load is the one that counts for the file's days or profiles."""
        if file.kind != "events":
            read = self.reads.get((file.kind, file.filter_hash))
            return read is not None and read.load_id == load_id
        records = (self.days.get(day) for day in file.window.days())
        return all(record is not None and record.load_id == load_id for record in records)

    @property
    def newest_fetch(self) -> datetime | None:
        """When the newest load was fetched, by this machine's clock at that time, in naive UTC."""
        days = ((day.load_number, day.fetched_at) for day in self.days.values())
        reads = ((read.load_number, read.fetched_at) for read in self.reads.values())
        return max((*days, *reads), default=(0, None))[1]

    def require_same_project(self, project_id: str, region: str) -> None:
        """Raise ConfigError if the folder has the data of another project."""
        for there in self.projects:
            if there != (project_id, region):
                raise ConfigError(
                    f"This data folder has project {there[0]} (region {there[1]}), and the "
                    f"credentials are for project {project_id} (region {region}). Give each "
                    "project its own MP_DATA_DIR."
                )

    def require_zone(self, zone: Zone) -> None:
        """Raise ConfigError if the days do not begin and end where those of ``zone`` do.

        That is so after a change of the time basis.
        """
        differ = [
            day for day, record in self.days.items()
            if record.range_end != day_start(day + ONE_DAY, zone)
        ]  # fmt: skip
        if differ:
            first = min(differ)
            raise ConfigError(
                f"The days of this data folder do not begin and end as those of {zone.key} do: "
                f"{len(differ)} of {len(self.days)} differ, of which {first} ends at "
                f"{self.days[first].range_end} UTC. One table can't have days of two time bases. "
                "Set MP_TIME_BASIS and MP_PROJECT_TIMEZONE back to their former values, or "
                "refetch all events in the new one: `mp sync --start-over --only events` "
                "(profiles are kept)."
            )


EMPTY = Ledger(days={})


def read_ledger(raw: Path) -> Ledger:
    """Read the ledger of a raw database; it is empty if there is no database.

    Raises:
        DatabaseLockedError: if another process writes to it.
        StorageError: if it can't be read.
        DatabaseDamagedError: if it lacks a table that it had.
    """
    if not raw.is_file():
        return EMPTY
    with translate_errors(raw.parent), open_read_only(raw) as connection:
        _require_tables(connection, raw)
        return ledger_in(connection, schema="mixpanel")


def _require_tables(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    """Raise DatabaseDamagedError if a table is missing of which the ledger has rows, or the ledger
    itself although tables were built from it."""
    tables = table_names(connection, "mixpanel")
    if "_metadata" in tables:
        kinds = connection.execute(
            "SELECT DISTINCT table_name FROM mixpanel._metadata WHERE row_count > 0"
        ).fetchall()
        wanted = {kind for (kind,) in kinds} | {"_dlt_loads"}
    else:
        wanted = {"_metadata"} if (raw.parent / "build" / "next.duckdb").is_file() else set()
    if missing := sorted(wanted - tables):
        names = [f"mixpanel.{name}" for name in missing]
        raise missing_tables_error(raw, names, sorted(f"mixpanel.{name}" for name in tables))


def read_published_ledger(published: Path) -> Ledger:
    """Read the ledger as it was when the published file was built; a running sync never blocks
    this.

    Raises:
        DatabaseLockedError: if another program has the file open for writing.
        DatabaseDamagedError: if it can't be read.
    """
    if not published.is_file():
        return EMPTY
    with translate_published_errors(published), open_read_only(published) as connection:
        return ledger_in(connection, schema="main")


def ledger_in(connection: duckdb.DuckDBPyConnection, schema: str) -> Ledger:
    """Return the ledger in a schema of the connection's database."""
    tables = table_names(connection, schema)
    if "_metadata" not in tables:
        return EMPTY
    # The published file has only committed rows, and no table of loads.
    loads = (
        f"{schema}._dlt_loads"
        if "_dlt_loads" in tables
        else "(SELECT load_id, 0 AS status FROM main._metadata)"
    )
    ledger = with_load_numbers(f"{schema}._metadata")
    counted = _COUNTS.format(ledger=ledger, loads=loads, newest_first=NEWEST_FIRST)
    # From window_start to duration_seconds in the order of the fields of DayRecord.
    names = (
        "table_name, window_start, range_end, coalesce(row_count, 0), coalesce(late_count, 0), "
        "coalesce(rejected_count, 0), coalesce(bytes, 0), fetched_at, load_id, filter_hash, "
        "previous_row_count, max_processed_at, coalesce(load_number, 0), "
        "coalesce(duration_seconds, 0), project_id, region"
    )
    rows = connection.execute(f"SELECT {names} {counted}").fetchall()
    days = {row[1]: DayRecord(*row[1:14]) for row in rows if row[0] == "events"}
    rejected, repaired = _kept_lines(connection, schema, loads, tables)
    loaded, wanted_from = _all_loads(connection, f"{schema}._metadata", loads)
    return Ledger(
        days=days,
        reads=newest_reads(connection, ledger, loads),
        profile_counts=count_profiles(connection, schema, tables),
        wanted_from=wanted_from,
        projects=tuple({row[14:16] for row in rows}),
        loads=loaded,
        rejected_profiles=rejected,
        repaired=repaired,
    )


def _kept_lines(
    connection: duckdb.DuckDBPyConnection, schema: str, loads: str, tables: set[str]
) -> tuple[dict[str, int], int]:
    """Return the rejected lines of each profile table, and the repaired lines of all tables."""
    if "_rejected" not in tables:
        return {}, 0
    rows = connection.execute(
        "SELECT table_name, count(*) FILTER (reason IS DISTINCT FROM 'repaired'), "
        f"count(*) FILTER (reason = 'repaired') FROM {schema}._rejected "
        f"WHERE load_id IN (SELECT load_id FROM {loads} WHERE status = 0) GROUP BY ALL"
    ).fetchall()
    rejected = {table: count for table, count, _ in rows if table != "events" and count}
    return rejected, sum(repaired for *_, repaired in rows)


def _all_loads(
    connection: duckdb.DuckDBPyConnection, ledger: str, loads: str
) -> tuple[frozenset[str], date | None]:
    """Return the load ids of all committed rows, and the earliest day that their runs were to
    fetch.

    Replaced rows are included.
    """
    rows = connection.execute(
        f"SELECT load_id, min(wanted_from) FILTER (table_name = 'events') FROM {ledger} "
        f"WHERE load_id IN (SELECT load_id FROM {loads} WHERE status = 0) GROUP BY load_id"
    ).fetchall()
    return frozenset(row[0] for row in rows), min((row[1] for row in rows if row[1]), default=None)
