"""The first half of a run: plan what to ask for, and land it as verified files. It loads nothing
and knows no dlt."""

import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property

import duckdb

from mixpanel_data._internal.config import resolve
from mixpanel_data._internal.extract.events import EventWindows
from mixpanel_data._internal.extract.profiles import ProfileLander
from mixpanel_data._internal.landing.fetch_profiles import ProfileFetcher
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.ledger.rejected_lines import rejected_profiles
from mixpanel_data._internal.ledger.row_check import (
    disagreeing_days,
    disagreeing_profiles,
    mark_missing,
)
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.planning.preview import Preview
from mixpanel_data._internal.planning.profiles import max_pages_per_read
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.run.progress import QUIET
from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data._internal.streams.profile_sets import ProfileSet, profile_sets
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.text import parse_day
from mixpanel_data.exceptions import MixpanelDataError, QueryError

SHOWN = 10
"""Days that a message names."""

log = logging.getLogger(__name__)


class Extraction:
    """What one run asks Mixpanel for. The caller holds the folder's lock."""

    def __init__(
        self,
        run: Run,
        *,
        only: EventFilter = EVERYTHING,
        reload_days: int | None = None,
        oldest_first: bool = False,
        full_profiles: bool = False,
        days: Collection[date] = (),
        refetch: bool = False,
    ) -> None:
        """``days`` are fetched again, and no others; with ``refetch`` all days of the run are,
        complete or not.

        ``reload_days`` are recent days fetched again for late events: the setting's, if not given.
        """
        self._run = run
        self._events = EventWindows(
            run,
            only=only,
            lookback_days=run.settings.lookback_days,
            reload_days=reload_days,
            oldest_first=oldest_first,
            days=days,
            refetch=refetch,
        )
        self._full_profiles = full_profiles

    @cached_property
    def _profiles(self) -> ProfileLander:
        run, settings = self._run, self._run.settings
        return ProfileLander(
            ProfileFetcher(
                run.client,
                run.landing,
                page_size=settings.profiles_page_size,
                on_page=run.progress.page,
                max_pages=max_pages_per_read(run.budget.pages_an_hour(), settings.max_wait),
            ),
            sets=profile_sets(settings.groups),
            snapshot_days=settings.profiles_snapshot_days,
            overlap=timedelta(minutes=settings.profiles_overlap_minutes),
            full=self._full_profiles,
            on_fetched=run.fetched,
        )

    def preview(self, first: date | None = None, last: date | None = None) -> Preview:
        """What the run would ask for; it asks for nothing.

        Raises:
            ConfigError: the days asked for can't be, or the folder is another project's.
        """
        return self._events.preview(first, last)

    def begin(self, first: date | None = None, last: date | None = None) -> Range:
        """The days this run is to fetch, after the files that a killed run left unfinished are
        removed.

        Days whose rows are not those of the ledger count as missing from here on.

        Raises:
            ConfigError: there are none, they lie in the future, the folder is another project's, or
                its days were cut in another time basis.
            DatabaseDamagedError: the raw database can't be read.
            DatabaseMissingError: it is gone, though the folder had one.
        """
        self._run.landing.remove_leftovers()
        self._run.ledger()
        self._check_rows()
        self._run.report.wanted = self._events.wanted(first, last)
        return self._run.report.wanted

    def _check_rows(self) -> None:
        """Mark as missing what does not agree with the ledger, whatever the cause, and warn of it."""
        raw, report = self._run.folder.raw, self._run.report
        if not raw.is_file():
            return
        with duckdb.connect(str(raw)) as connection:
            found = disagreeing_days(connection) + disagreeing_profiles(connection)
            mark_missing(connection, found)
        if found:
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            report.warnings.append(
                "Rows that are not as many as the ledger has count as missing and are fetched again: "
                f"{', '.join(map(str, found[:SHOWN]))}{more}."
            )
            self._run.ledger(after_load=True)

    def packages(self, wanted: Range) -> Iterator[list[Landed]]:
        """The events of ``wanted`` that are missing or due, as lists of verified files, each to be
        loaded at once.

        A window that does not arrive whole is noted in the report, and the others go on. Load each
        list before the next is taken: what it holds tells how much the next requests may ask for.
        """
        while windows := self.next_windows(wanted):
            yield self.land(windows)

    def next_windows(self, wanted: Range) -> list[Window]:
        """The windows still to be taken; none when all were, or when no more make sense."""
        return self._events.next(wanted)

    def land(self, windows: Sequence[Window]) -> list[Landed]:
        """The verified files of as many of ``windows`` as make a package; one that failed is noted
        in the report."""
        return self._events.land(windows)

    def land_profiles(self) -> list[Landed]:
        """The verified files of users and of the configured groups; a set that failed is noted in
        the report."""
        if self._run.stopped:
            return []
        self._run.progress.landing_profiles()
        return self._profiles.package(self._run.ledger(), failed=self._fail_profiles)

    def land_again(self, file: Landed) -> Landed:
        """``file``, which did not load as a whole, without the lines to blame, which are repaired
        or rejected.

        Raises:
            IncompleteExportError: the second fetch did not arrive whole, or had other bad lines.
        """
        if file.kind == "events":
            return self._events.again(file)
        return self._profiles.again(file, rejected_profiles(self._run.folder.raw, file.kind))

    def _fail_profiles(self, of: ProfileSet, error: MixpanelDataError) -> bool:
        if isinstance(error, QueryError) and error.plan_limit == "call":
            # Asking again never helps, and the rest of the run is right.
            self._run.report.warnings.append(f"The {of} were left out: {error}")
            return True
        return self._run.fail(error)


def fetch_due_files(
    start_date: str | None = None, end_date: str | None = None
) -> tuple[Project, list[Landed]]:
    """Whose data it is, and the verified files of the days and of the profiles that are due.

    Settings and credentials are those of ``mp sync``.

    Raises:
        ConfigError: no credentials, or dates that can't be.
    """
    settings = load_settings()
    run = Run(settings, resolve(settings).credentials, client=None, progress=QUIET)
    extraction = Extraction(run)
    wanted = extraction.begin(parse_day(start_date), parse_day(end_date))
    files = [file for package in extraction.packages(wanted) for file in package]
    files += extraction.land_profiles()
    for warning in run.report.warnings:
        log.warning("%s", warning)
    for error in run.report.failures:
        log.error("%s", error)
    return run.project, files
