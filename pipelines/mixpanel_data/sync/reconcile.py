"""Requests Mixpanel's counts, compares them with ours, and refetches the days that differ.

Each comparison is added to a history, which former verdicts and the published table need.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from mixpanel_data._display import Displayed
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.os_errors import translate_os_errors
from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.ledger.reader import Ledger, read_published_ledger
from mixpanel_data._internal.planning.events import first_recent_day
from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.publication.build_stamp import read_stamp
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.publication.reconciliations import (
    ReconciliationRow,
    append_rows,
    read_rows,
    utc_now,
)
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.services.account_check import reached_project
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql.events import in_windows, local_date_of, window_bounds
from mixpanel_data._internal.sql_literals import timestamp
from mixpanel_data._internal.streams.windows import (
    ONE_DAY,
    Window,
    contiguous,
    require_possible_days,
)
from mixpanel_data._internal.time_zones import Zone, to_local, zone_names
from mixpanel_data.exceptions import (
    ConfigError,
    MixpanelDataError,
    NothingPublishedError,
    QueryError,
)
from mixpanel_data.sync.compare_counts import (
    Comparison,
    Counts,
    comparable,
    compare,
    default_window,
    export_days,
    lists_of,
)
from mixpanel_data.sync.engine import exclusive_catalog
from mixpanel_data.sync.job import Sync
from mixpanel_data.sync.verdicts import REPAIRABLE, VERDICTS, Evidence, Judged, judge

UTC = Zone("UTC")


@dataclass(frozen=True, repr=False)
class Reconciliation(Displayed):
    """The result of a comparison with Mixpanel's counts."""

    zone: Zone
    """The project's zone, to which the days belong."""
    days: tuple[date, ...]
    """The compared days, oldest first."""
    requests: int
    comparison: Comparison
    mixpanel: Counts
    exports: Zone
    compared_at: datetime
    """Naive UTC."""
    verdicts: tuple[Judged, ...] = ()
    """Each difference with its probable reason, oldest first."""
    plan_days: int | None = None
    """The days before today to which the plan gives access, if that left out days."""

    @property
    def to_reload(self) -> list[date]:
        """The days of the export that a refetch can correct, oldest first."""
        kept = self._export_days({each.day for each in self.verdicts if each.verdict == "plan"})
        wanted = {each.day for each in self.verdicts if each.verdict in REPAIRABLE}
        # What Mixpanel has no more would be lost with a refetch.
        return sorted(self._export_days(wanted) - kept)

    def _export_days(self, days: Iterable[date | None]) -> set[date]:
        # One day of the project's zone lies in up to two days of the export, which are UTC.
        return {e for day in days if day for e in export_days(day, self.zone, self.exports)}

    @property
    def numbers(self) -> dict[str, int]:
        """The number of differences by verdict, in the order of their meanings."""
        counted = Counter(str(each.verdict) for each in self.verdicts)
        return {verdict: counted[verdict] for verdict in VERDICTS if counted[verdict]}

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON; dates are ISO texts."""
        return {
            "from_date": str(self.days[0]) if self.days else None,
            "to_date": str(self.days[-1]) if self.days else None,
            "timezone": self.zone.key,
            "days_compared": len(self.days),
            "requests": self.requests,
            "differences": [
                {
                    "day": str(each.day),
                    "mixpanel": each.mixpanel,
                    "here": each.here,
                    "events": list(each.events),
                }
                for each in self.comparison.differences
            ],
            "not_in_reports": list(self.comparison.not_in_reports),
            "verdicts": [each.to_dict() for each in self.verdicts],
            "plan_days": self.plan_days,
            "to_reload": [
                {"from_date": str(window.first), "to_date": str(window.last)}
                for window in contiguous(self.to_reload)
            ],
        }


class Reconciler:
    """Compares one data folder with its project."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        *,
        progress: Progress = QUIET,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._progress = progress
        self._run = Run(settings, credentials, client=None, progress=progress)

    def compare(self, first: date | None = None, last: date | None = None) -> Reconciliation:
        """Compare the published events of each complete day with Mixpanel's reports, which are
        requested now.

        Without ``first`` and ``last``: every loaded day before the look-back.

        Raises:
            NothingPublishedError: if nothing is published.
            ConfigError: if the days are invalid, or the data are those of another project.
            APIError: if Mixpanel refused or could not be reached; plans without the query API have
                no counts.
        """
        folder, exports = self._settings.folder, self._settings.zone
        if not folder.published.is_file():
            raise NothingPublishedError(str(folder.root))
        # A comparison sends requests, and their log is in the data folder.
        folder.create()
        ledger = read_published_ledger(folder.published)
        ledger.require_same_project(self._credentials.project_id, self._credentials.region)
        zone = self._zone()
        window = default_window(
            ledger, today=self._run.today(), lookback_days=self._settings.lookback_days
        )
        if first or last:
            begin = first or min(ledger.days, default=self._run.today())
            window = _window(begin, last or max(ledger.days, default=begin))
        days = comparable(ledger, window, zone, exports) if window else []
        found = Reconciliation(zone, (), 0, compare({}, {}), {}, exports, utc_now())
        if not days:
            return found
        counts, requests, plan_days = self._counted_by_mixpanel(Window(days[0], days[-1]))
        if plan_days is not None:
            days = [day for day in days if day >= self._first_of_plan(plan_days)]
        # The request spans all days from the first to the last, also incomplete ones.
        compared = frozenset(days)
        mixpanel = {key: count for key, count in counts.items() if key[0] in compared}
        found = replace(
            found, days=tuple(days), requests=requests, mixpanel=mixpanel, plan_days=plan_days
        )
        return self._judged(found, ledger)

    def repair(
        self, found: Reconciliation, *, lock_wait: float, max_requests: int | None = None
    ) -> "Repair":
        """Refetch the days that a refetch can correct, build and publish.

        No more days are refetched than the hour's budget of requests allows, the newest first; the
        others are left for a later call.

        Args:
            found: The comparison.
            lock_wait: The longest wait for another process in the data folder, in seconds.
            max_requests: The most export requests; by default those that the hour has left.

        Raises:
            MixpanelDataError: like a sync.
        """
        days = found.to_reload
        permitted = self._run.budget.remaining("export")
        if max_requests is not None:
            permitted = min(permitted, max_requests)
        # At least one: without any budget the run itself says when there is one.
        chosen = days[-max(1, permitted) :]
        job = Sync(self._settings, self._credentials, progress=self._progress, days=chosen)
        job.targets()  # a wrong setting of one costs no request
        settings = self._settings
        with (
            exclusive(settings.folder, wait_seconds=lock_wait),
            exclusive_catalog(settings, wait_seconds=lock_wait),
        ):
            report = job.run(only="events")
        job.copy_to_targets()
        return Repair(report, tuple(days[: len(days) - len(chosen)]))

    def recount(self, found: Reconciliation) -> Reconciliation:
        """Return ``found`` with the current counts of the published table, and their verdicts."""
        ledger = read_published_ledger(self._settings.folder.published)
        return self._judged(replace(found, compared_at=utc_now()), ledger)

    def record(self, found: Reconciliation, *, publication: bool = True) -> bool:
        """Add a comparison to the history, and publish that as the table `_reconciliations`.

        Return False if the table will have it with the next publication only: without
        ``publication``, if a process works in the data folder, or if its last build failed.

        Args:
            found: The comparison.
            publication: Whether to publish now.

        Raises:
            StorageError: if there is no space or no permission.
        """
        folder = self._settings.folder
        if not found.days:
            return True
        with translate_os_errors(folder.root):
            append_rows(folder.reconciliations, _rows(found))
        if not publication:
            return False
        try:
            with exclusive(folder):
                stamp = read_stamp(build_file(folder))
                if stamp is None or stamp.built_at is None:
                    return False
                publish(folder, memory_limit=self._settings.memory_limit)
        except (duckdb.Error, MixpanelDataError):
            return False
        return True

    def _judged(self, found: Reconciliation, ledger: Ledger) -> Reconciliation:
        folder, zone = self._settings.folder, found.zone
        here = _counted_here(folder.published, found.days, zone)
        comparison = compare(found.mixpanel, here)
        fetched = {
            day: min(ledger.days[e].fetched_at for e in export_days(day, zone, found.exports))
            for day in found.days
        }
        evidence = Evidence(
            now=found.compared_at,
            other_bases=self._counted_otherwise(found) if comparison.differences else (),
            lexicon=self._lexicon() if comparison.not_in_reports else {},
            fetched=fetched,
            former=read_rows(folder.reconciliations),
        )
        verdicts = judge(found.days, found.mixpanel, here, evidence)
        return replace(found, comparison=comparison, verdicts=tuple(verdicts))

    def _counted_otherwise(self, found: Reconciliation) -> list[Counts]:
        """Return the published counts for each other meaning of the exported times."""
        if self._settings.time_basis == "utc":
            days = ["CAST(time AS DATE)"]
        else:
            exported = to_local("time", self._settings.zone.key)
            days = [local_date_of(f"({exported})", found.zone), f"CAST({exported} AS DATE)"]
        usual = local_date_of("time", found.zone)
        published = self._settings.folder.published
        return [_counted_as(published, day, found.days) for day in days if day != usual]

    def _lexicon(self) -> dict[str, Literal["hidden", "dropped"]]:
        """Return the hidden and dropped events; none if the Lexicon can't be read, which costs the
        verdicts of these only."""
        with suppress(MixpanelDataError):
            return {
                each.name: "dropped" if each.definition.metadata.dropped else "hidden"
                for each in DiscoveryService(self._run.client).lexicon("event")
                if each.definition.metadata.dropped or each.definition.metadata.hidden
            }
        return {}

    def _counted_by_mixpanel(
        self, window: Window
    ) -> tuple[Mapping[tuple[date, str], int], int, int | None]:
        """Return the counts, the number of requests, and the days of the plan's history if it does
        not have the whole window."""
        # Mixpanel lists events of the last 31 days only, and we may lack an event that it has.
        names = set(DiscoveryService(self._run.client).events())
        names |= _names(self._settings.folder.published)
        live, lists = LiveQueryService(self._run.client), list(lists_of(names))
        counts: dict[tuple[date, str], int] = {}
        first, requests, plan_days = window.first, 1, None
        for some in lists:
            requests += 1
            try:
                series = live.event_counts(some, first, window.last).series
            except QueryError as error:
                plan_days = _plan_days(error)
                if plan_days is None or (first := self._first_of_plan(plan_days)) > window.last:
                    raise
                requests += 1
                series = live.event_counts(some, first, window.last).series
            counts |= {
                (date.fromisoformat(day[:10]), event): int(count)
                for event, by_day in series.items()
                for day, count in by_day.items()
                if count
            }
        return counts, requests, plan_days

    def _first_of_plan(self, days: int) -> date:
        return first_recent_day(self._run.today(), days)

    def _zone(self) -> Zone:
        """Return the project's zone according to Mixpanel; the configured one if Mixpanel does not
        return it."""
        zone = reached_project(self._run.client, self._credentials.project_id).get("timezone")
        return Zone(zone if zone in zone_names() else self._settings.project_timezone)


@dataclass(frozen=True)
class Repair:
    """A refetch of days that differed."""

    report: SyncReport
    left: tuple[date, ...]
    """Days for which the budget did not suffice, oldest first."""


def _plan_days(error: QueryError) -> int | None:
    """Return how many days before today the plan gives access to, if ``error`` says so."""
    if error.plan_limit != "history":
        return None
    found = re.search(r"exceeds (\d{1,9}) days", f"{error} {error.response_body}")
    return int(found[1]) if found else None


def _rows(found: Reconciliation) -> list[ReconciliationRow]:
    whole = ReconciliationRow(found.compared_at, found.days[0], found.days[-1], len(found.days))
    return [
        replace(
            whole,
            event_date=each.day,
            event=each.event,
            mixpanel_count=each.mixpanel,
            published_count=each.here,
            verdict=each.verdict,
        )
        for each in found.verdicts
    ] or [whole]


def _window(first: date, last: date) -> Window:
    try:
        window = Window(first, last)
        require_possible_days(first, last)
        return window
    except ValueError as error:
        raise ConfigError(f"These days can't be compared: {error}.") from None


def _names(published: Path) -> set[str]:
    with translate_published_errors(published), open_read_only(published) as connection:
        return {
            name for (name,) in connection.execute("SELECT DISTINCT event FROM events").fetchall()
        }


def _counted_here(published: Path, days: Iterable[date], zone: Zone) -> Counts:
    counted = f"""
        SELECT {local_date_of("time", zone)} AS day, event, count(*) FROM events
        WHERE {in_windows(contiguous(days), zone)} GROUP BY ALL
    """
    with translate_published_errors(published), open_read_only(published) as connection:
        return {(day, event): n for day, event, n in connection.execute(counted).fetchall()}


def _counted_as(published: Path, day: str, days: Iterable[date]) -> Counts:
    """Return the counts of ``days``, where the SQL ``day`` is the date of an event."""
    compared = frozenset(days)
    # Two days more at each end, since no two clocks of the world are further apart.
    around = Window(min(compared) - 2 * ONE_DAY, max(compared) + 2 * ONE_DAY)
    start, end = window_bounds(around, UTC)
    counted = f"""
        SELECT {day} AS day, event, count(*) FROM events
        WHERE time >= {timestamp(start)} AND time < {timestamp(end)} GROUP BY ALL
    """
    with translate_published_errors(published), open_read_only(published) as connection:
        rows = connection.execute(counted).fetchall()
    return {(when, event): n for when, event, n in rows if when in compared}
