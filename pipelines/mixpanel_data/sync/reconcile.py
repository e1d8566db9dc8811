"""Requests Mixpanel's counts, compares them with ours, and refetches the days that differ."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.database.errors import translate_published_errors
from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.ledger.reader import read_published_ledger
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.services.account_check import reached_project
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql.events import in_windows, local_date_of
from mixpanel_data._internal.streams.windows import Window, contiguous, require_possible_days
from mixpanel_data._internal.time_zones import Zone, zone_names
from mixpanel_data.exceptions import ConfigError, NothingPublishedError
from mixpanel_data.sync.compare_counts import (
    Comparison,
    Counts,
    comparable,
    compare,
    default_window,
    export_days,
    lists_of,
)
from mixpanel_data.sync.job import Sync


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

    @property
    def to_reload(self) -> list[date]:
        """The days of the export to refetch, oldest first."""
        # One day of the project's zone lies in up to two days of the export, which are UTC.
        different = (difference.day for difference in self.comparison.differences)
        return sorted({e for day in different for e in export_days(day, self.zone, self.exports)})

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
        if not days:
            return Reconciliation(zone, (), 0, compare({}, {}), {}, exports)
        counts, requests = self._counted_by_mixpanel(Window(days[0], days[-1]))
        # The request spans all days from the first to the last, also incomplete ones.
        compared = frozenset(days)
        mixpanel = {key: count for key, count in counts.items() if key[0] in compared}
        here = _counted_here(folder.published, days, zone)
        return Reconciliation(
            zone, tuple(days), requests, compare(mixpanel, here), mixpanel, exports
        )

    def reload(self, found: Reconciliation, *, lock_wait: float) -> SyncReport:
        """Refetch the days that differ, build and publish; return the report of the run.

        Raises like a sync.
        """
        job = Sync(self._settings, self._credentials, progress=self._progress, days=found.to_reload)
        job.targets()  # a wrong setting of one costs no request
        with exclusive(self._settings.folder, wait_seconds=lock_wait):
            report = job.run(only="events")
        job.copy_to_targets()
        return report

    def recount(self, found: Reconciliation) -> Reconciliation:
        """Return ``found`` with the current counts of the published table."""
        here = _counted_here(self._settings.folder.published, found.days, found.zone)
        return replace(found, comparison=compare(found.mixpanel, here))

    def _counted_by_mixpanel(self, window: Window) -> tuple[Counts, int]:
        # Mixpanel lists events of the last 31 days only, and we may lack an event that it has.
        names = set(DiscoveryService(self._run.client).events())
        names |= _names(self._settings.folder.published)
        live, lists = LiveQueryService(self._run.client), list(lists_of(names))
        counts: dict[tuple[date, str], int] = {}
        for some in lists:
            series = live.event_counts(some, window.first, window.last).series
            counts |= {
                (date.fromisoformat(day[:10]), event): int(count)
                for event, by_day in series.items()
                for day, count in by_day.items()
                if count
            }
        return counts, 1 + len(lists)

    def _zone(self) -> Zone:
        """Return the project's zone according to Mixpanel; the configured one if Mixpanel does not
        return it."""
        zone = reached_project(self._run.client, self._credentials.project_id).get("timezone")
        return Zone(zone if zone in zone_names() else self._settings.project_timezone)


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
