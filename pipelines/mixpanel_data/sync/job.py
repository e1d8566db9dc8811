"""The job step by step: extract, load, build, publish, report. Every entry point calls these
functions."""

import time
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Literal

import duckdb

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.start_over import delete_events, start_over
from mixpanel_data._internal.database.compaction import compact_if_larger
from mixpanel_data._internal.database.raw_events import event_names
from mixpanel_data._internal.extract.extraction import Extraction
from mixpanel_data._internal.landing.body_verifier import incomplete_export
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger, read_published_ledger
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.publication import build_file, build_stamp
from mixpanel_data._internal.publication import check as publication_check
from mixpanel_data._internal.publication import publish as publishing
from mixpanel_data._internal.publication.schema_changes import added_changes, read_changes
from mixpanel_data._internal.publish_targets.configuration import targets_after_sync
from mixpanel_data._internal.publish_targets.publish import publish_after_sync
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.run.history import RunHistory
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.services.discovery import MOST_NAMES
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.transform import build as dbt_build
from mixpanel_data._internal.transform.variables import check_variables, unknown_events
from mixpanel_data.exceptions import (
    ConfigError,
    ConfigWarning,
    IncompleteExportError,
    MixpanelDataError,
    PublishTargetError,
)
from mixpanel_data.sync.engine import import_lake
from mixpanel_data.sync.lineage import Lineage

if TYPE_CHECKING:
    from mixpanel_data._internal.ledger.records import Project

Only = Literal["events", "profiles"]

SHOWN = 10
"""Days that a message lists."""


class Sync:
    """One run over a data folder. The caller must hold the folder's lock.

    A scheduler that shows each step overrides ``begin``, ``plan``, ``land``, ``land_profiles``,
    ``load``, ``build``, ``publish`` or ``copy_to``; their order is that of :meth:`run`.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        *,
        client: MixpanelAPIClient | None = None,
        progress: Progress = QUIET,
        only: EventFilter = EVERYTHING,
        reload_days: int | None = None,
        oldest_first: bool = False,
        full_profiles: bool = False,
        days: Collection[date] = (),
        refetch: bool = False,
        start_over: bool = False,
        max_requests: int | None = None,
    ) -> None:
        """Prepare a run.

        If ``days`` are given, only these are fetched, also if they are complete. With ``refetch``,
        complete days of the run are fetched, too. ``reload_days`` is the number of recent days to
        refetch for late events; by default that of the settings. ``start_over`` starts without the
        data loaded before. ``max_requests`` is the largest number of export requests; the days that
        are left over are not failures. Without ``credentials``, the run can only build and publish.
        """
        self._run = Run(settings, credentials, client=client, progress=progress)
        self.extraction = Extraction(
            self._run,
            only=only,
            reload_days=reload_days,
            oldest_first=oldest_first,
            full_profiles=full_profiles,
            days=days,
            refetch=refetch,
        )
        self._publication_is_due = False
        self._start_over = start_over
        self._max_requests = max_requests
        self._other_requests = 0  # those before the first export
        self._started = time.monotonic()
        self.folder = self._run.folder
        self.report: SyncReport = self._run.report
        self._lineage = Lineage(self.folder, self._project_of_data, self.report.warnings.append)

    @property
    def project(self) -> "Project":
        """The project of the data, as the ledger will record it."""
        return self._run.project

    def _project_of_data(self) -> tuple[str, str]:
        """Return the id and the region of the project, without credentials those of the data."""
        if self._run.can_fetch:
            return self.project.project_id, self.project.region
        return next(iter(self._run.ledger().projects), ("unknown", "unknown"))

    def check_variables(self, *, events: bool = False) -> None:
        """Check the storage version and the variables of the dbt models; with ``events`` also that
        the events they name were loaded.

        Raises:
            ConfigError: if there is a mistake; the message has each one and its file.
        """
        build_stamp.require_storage_version(self._run.settings.storage_version)
        check_variables(self._run.settings, events=events)

    def begin(
        self, first: date | None = None, last: date | None = None, *, only: Only | None = None
    ) -> Range:
        """Remove the partial files of a killed run, and return the days that this run is to fetch.

        From here on, days whose number of rows differs from the ledger's count as missing.

        Raises:
            ConfigError: if there are no such days, they are in the future, the folder has the data
                of another project, or its days are of another time basis.
            DatabaseDamagedError: if the raw database can't be read.
            DatabaseMissingError: if it is missing, although the folder had one.
        """
        self._begin_in_catalog()
        if self._start_over:
            first = first or self._delete_raw(events_only=only == "events")
        wanted = self.extraction.begin(first, last)
        self._check_publication()
        return wanted

    def begin_without_fetch(self) -> None:
        """Begin a run that only builds and publishes what is loaded.

        Raises:
            ConfigError: if the days of the folder are of another time basis.
            DatabaseDamagedError: if the raw database can't be read.
            DatabaseMissingError: if it is missing, although the folder had one.
            MixpanelDataError: if nothing was ever loaded.
        """
        self._begin_in_catalog()
        self._run.ledger()
        dbt_build.require_data(self.folder)
        self.extraction.check_rows()
        self._check_publication()

    @property
    def _on_spark(self) -> bool:
        return self._run.settings.engine == "spark"

    def _begin_in_catalog(self) -> None:
        """With the engine spark, copy the catalog's ledger, and check its days.

        Raises:
            ConfigError: if the run is to start over.
        """
        if not self._on_spark:
            return
        if self._start_over:
            raise ConfigError(
                "--start-over deletes raw.duckdb, and the engine spark has none. Drop the tables of "
                "mx_raw in the catalog instead; the next sync makes them."
            )
        self.extraction.report_disagreements(import_lake().begin(self._run.settings))

    def warn_of_unknown_events(self) -> None:
        """Warn of events in the variables that were never loaded, if Mixpanel does not list them
        either; cause a ConfigWarning for each.

        They can still be right, since Mixpanel lists the events of 31 days only. The build decides.
        """
        loaded = event_names(self.folder.raw)
        missing = unknown_events(self._run.settings, loaded)
        if not missing:
            return
        listed: frozenset[str] = frozenset()
        with suppress(MixpanelDataError):  # the exports report what is wrong
            listed = self._listed_events()
        if loaded or listed:
            for sentence in unknown_events(self._run.settings, loaded | listed):
                warnings.warn(
                    f"{sentence} If it does not arrive, the build fails.",
                    ConfigWarning,
                    stacklevel=2,
                )

    def _listed_events(self) -> frozenset[str]:
        params = {"type": "general", "limit": str(MOST_NAMES)}
        with self._run.client.query("events/names", params) as names:
            self.report.requests += 1
            if not isinstance(names, list):
                return frozenset()
            return frozenset(name for name in names if isinstance(name, str))

    def _check_publication(self) -> None:
        place.remove_candidate(self.folder.raw)
        place.remove_candidate(build_file.build_file(self.folder))
        found = publication_check.check_published(self.folder)
        self._publication_is_due = found.due
        if found.warning:
            self.report.warnings.append(found.warning)

    def _delete_raw(self, *, events_only: bool) -> date | None:
        """Start with an empty raw database, or one without events; return the first day of the
        old one, if its ledger can be read."""
        former = None
        # Starting over is the way out of a damaged database, so its errors must not prevent it.
        with suppress(MixpanelDataError):
            former = self._run.settings.start_date or read_ledger(self.folder.raw).wanted_from
        if events_only and self.folder.raw.is_file():
            delete_events(self.folder)
            self.report.warnings.append("All events are refetched; profiles are kept.")
        else:
            kept = start_over(self.folder)
            self._run.start_empty()
            if kept:
                self.report.warnings.append(
                    f"Started with an empty raw database. The old one is kept as {kept}."
                )
        return former

    def events(self, wanted: Range) -> None:
        """Fetch and load every day of ``wanted`` that is missing or due, package by package.

        An incomplete window is recorded in the report, and does not affect others.
        """
        self._other_requests = self.report.requests
        # The next package is planned from the ledger, so each must be loaded first.
        self._run.in_parts = self._max_requests is not None
        while windows := self.plan(wanted):
            self.load(self.land(windows))
        if self._run.is_part and not self.report.failures:
            self.report.due -= {day for window in self.report.missing for day in window.days()}

    def plan(self, wanted: Range) -> list[Window]:
        """Return the windows of ``wanted`` that are not requested yet; an empty list when all are,
        or when ``max_requests`` were sent."""
        windows = self.extraction.next_windows(wanted)
        if self._max_requests is None:
            return windows
        left = self._max_requests - (self.report.requests - self._other_requests)
        if left <= 0:  # days left over are not missing
            self.report.due -= {day for window in windows for day in window.days()}
        return windows[: max(0, left)]

    def land(self, windows: Sequence[Window]) -> list[Landed]:
        """Fetch as many of ``windows`` as make a package, and return the verified files. Failed
        windows are in the report."""
        return self.extraction.land_package(windows)

    def profiles(self) -> None:
        """Fetch and load the due profiles, each set completely or not at all; failures are in the
        report."""
        self.load(self.land_profiles())

    def land_profiles(self) -> list[Landed]:
        """Fetch the profiles that are due, and return the verified files. Failed sets are in the
        report."""
        return self.extraction.land_profiles()

    def load(self, landed: Sequence[Landed]) -> None:
        """Load verified files. Refetch those with unreadable lines, and load them without these."""
        for unreadable in self._load(landed):
            try:
                refetched = self.extraction.refetch(unreadable)
            except MixpanelDataError as error:
                self._run.record_failure(error)
                continue
            # Once only: if DuckDB can't read the file without those lines, a retry can't help.
            for file in self._load([refetched]):
                self._run.record_failure(_unreadable_error(file))

    def _load(self, landed: Sequence[Landed]) -> list[Landed]:
        """Load files, remove them from the landing folder, and return those that could not be
        read."""
        if not landed:
            return []
        self._run.progress.loading(sum(file.lines for file in landed))
        before = self._run.ledger()
        with self._lineage.load(landed):
            load_id = self._load_with_engine(landed)
        after = self._run.ledger(after_load=True)
        unread = []
        for file in landed:
            if after.is_loaded(file, load_id):
                self._report_loaded(file, before, after)
                file.discard()
            else:
                unread.append(file)
        return unread

    def _load_with_engine(self, landed: Sequence[Landed]) -> str:
        settings = self._run.settings
        if self._on_spark:
            return str(import_lake().load_files(settings, self._run.project, landed))
        from mixpanel_data.sync.load import load

        return load(
            self.folder,
            self._run.project,
            landed,
            memory_limit=settings.memory_limit,
            on_info=self._run.progress.load_info,
        )

    def _report_loaded(self, file: Landed, before: Ledger, after: Ledger) -> None:
        if file.kind == "events":
            self.report.add_days(list(file.window.days()), before, after)
        else:
            self.report.add_profiles(file, after)
        self.report.repaired += sum(item.is_loaded for item in file.rejects)
        self._run.progress.loaded(file)

    def needs_build(self) -> bool:
        """Return True if the last successful build lacks a load, or was made by other models or
        variables."""
        if not self.folder.raw.is_file():
            return False
        built = build_file.build_file(self.folder)
        with suppress(duckdb.Error):
            stamp = build_stamp.read_stamp(built)
            settings = self._run.settings
            current = dbt_build.current_fingerprint(settings.storage_version, settings.dbt_project)
            # Loads are compared as sets, since a day may be replaced by a load with equal counts.
            if stamp and stamp.built_at and stamp.fingerprint == current:
                return read_published_ledger(built).loads != read_ledger(self.folder.raw).loads
        return True

    def needs_publication(self) -> bool:
        """Return True if readers find another file than the last build."""
        return self.folder.raw.is_file() and self._publication_is_due

    def build(self) -> None:
        """Run dbt over the days that changed.

        Raises:
            ConfigError: if a variable of the models is wrong, or names an event that was never
                loaded.
            MixpanelDataError: if dbt failed.
        """
        self.check_variables(events=True)
        self._run.progress.building("starting dbt")
        built = build_file.build_file(self.folder)
        before = read_changes(built)
        with self._lineage.build():
            self.report.build = self._build_with_engine()
        self.report.warnings.extend(self.report.build.warnings)
        self.report.schema_changes = added_changes(before, read_changes(built))
        self._publication_is_due = True

    def _build_with_engine(self) -> dbt_build.BuildResult:
        settings, progress = self._run.settings, self._run.progress
        if self._on_spark:
            done: dbt_build.BuildResult = import_lake().build(settings, progress.building)
            return done
        return dbt_build.build(
            self.folder,
            project=settings.dbt_project,
            storage_version=settings.storage_version,
            on_progress=progress.building,
            on_end=progress.built,
            variables=settings.dbt_variables | self._lineage.dbt_variables,
        )

    def publish(self) -> None:
        """Publish the built file for readers; with the engine spark, also the tables of the
        catalog."""
        if self._on_spark:
            import_lake().move_tags(self._run.settings)
        self.report.published = publishing.publish(
            self.folder, memory_limit=self._run.settings.memory_limit
        )
        self._publication_is_due = False
        self.report.warnings.extend(self.report.published.warnings)
        self._run.progress.published(self.report.published)

    def targets(self) -> list[str]:
        """Return the names of the publish targets to which each sync copies its publication.

        Raises:
            ConfigError: if a setting of any target is missing, unknown or invalid.
        """
        return [target.name for target in targets_after_sync(self._run.settings)]

    def copy_to_targets(self) -> None:
        """Copy the publication to each of :meth:`targets`; see :meth:`copy_to`.

        Raises:
            ConfigError: if a setting of any target is missing, unknown or invalid.
        """
        if self.folder.published.is_file():
            for target in self.targets():
                self.copy_to(target)

    def copy_to(self, target: str) -> None:
        """Copy the publication to a publish target that does not have it. An error is in
        ``failed_copies`` of the report.

        The lock of the data folder is not needed.

        Args:
            target: Name of the target.
        """
        progress = self._run.progress
        try:
            copy = publish_after_sync(
                target,
                self._run.settings,
                on_table=lambda table: progress.copying(target, table),
            )
        except PublishTargetError as error:
            self.report.failed_copies.append(error)
            progress.failed(error)
        else:
            self.report.copies.append(copy)
            self.report.warnings.extend(copy.warnings)
            progress.copied(copy)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Record the run in the data folder's history: that it began, and how the block ended.

        A run that is killed stays there without an end.
        """
        history = RunHistory(self.folder.runs)
        record = history.begin()
        raised: list[BaseException] = []
        try:
            with self._lineage.run(self.report.failures):
                yield
        except BaseException as error:
            raised.append(error)
            raise
        finally:
            report = self.report
            history.end(
                record,
                [*report.failures, *raised],
                from_date=str(report.wanted.first) if report.wanted else None,
                to_date=str(report.wanted.last) if report.wanted else None,
                days_loaded=len(report.days),
                days_missing=tuple(str(day) for part in report.missing for day in part.days()),
                events=report.events,
                requests=report.requests,
                published=report.published is not None,
            )

    def finish(self) -> SyncReport:
        """Rewrite the raw database if that saves enough, and return the finished report."""
        self._compact_raw()
        self.report.seconds = time.monotonic() - self._started
        if warning := self._run.clock_warning():
            self.report.warnings.append(warning)
        with suppress(MixpanelDataError):  # a report without the budget is better than none
            self.report.budget = self._run.budget.state()
        return self.report

    def _compact_raw(self) -> None:
        if self._on_spark or not self.folder.raw.is_file():
            return
        limit = self._run.settings.memory_limit or MEMORY_LIMIT
        with suppress(duckdb.Error):  # in use or damaged, which its readers report
            compact_if_larger(self.folder.raw, limit, self.folder.build / "sizes.json")

    def run(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        only: Only | None = None,
        build: bool = True,
        fetch: bool = True,
    ) -> SyncReport:
        """Run the complete job. Failed parts are in ``failures`` of the report; others are
        published. Without ``fetch``, only build and publish what is loaded.

        Raises:
            ConfigError: if the days are invalid, the folder has the data of another project, or a
                variable of the dbt models is wrong; nothing was fetched.
            MixpanelDataError: if dbt failed; the last publication is kept, and ``report`` of the
                error is the report of what was fetched and loaded.
        """
        with self.attempt():
            if build:
                # Before the first request: a typing error must not cost an hour's budget.
                self.check_variables()
            if fetch:
                self._fetch(first, last, only=only, build=build)
            else:
                self.begin_without_fetch()
            try:
                if build and self.needs_build():
                    self.build()
                if build and self.needs_publication():
                    self.publish()
            except MixpanelDataError as error:
                # The days are loaded all the same, and the caller can show which.
                error.report = self.finish()
                raise
            return self.finish()

    def _fetch(
        self, first: date | None, last: date | None, *, only: Only | None, build: bool
    ) -> None:
        wanted = self.begin(first, last, only=only)
        if only != "profiles":
            if build:
                self.warn_of_unknown_events()
            self.events(wanted)
        if only != "events":
            self.profiles()


def _unreadable_error(file: Landed) -> IncompleteExportError:
    error = incomplete_export("unreadable", f"DuckDB can't read the {file.kind} that arrived")
    days = (file.window.first, file.window.last) if file.kind == "events" else (None, None)
    return IncompleteExportError(
        str(error.details["explanation"]),
        reason="unreadable",
        from_date=days[0],
        to_date=days[1],
        **file.request,
    )
