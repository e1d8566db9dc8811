"""The first half of a run: plan the requests, and fetch verified files. It does not load, and does
not use dlt."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property

import duckdb

from mixpanel_data._internal.extract.events import EventWindows
from mixpanel_data._internal.extract.profiles import ProfileLander
from mixpanel_data._internal.landing.fetch_profiles import ProfileFetcher
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.ledger.row_check import (
    Disagreement,
    disagreeing_days,
    disagreeing_profiles,
    mark_missing,
)
from mixpanel_data._internal.ledger.state import RawDatabase
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.planning.preview import Preview
from mixpanel_data._internal.planning.profiles import max_pages_per_read
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data._internal.streams.profile_sets import ProfileSet, profile_sets
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import MixpanelDataError, QueryError

PROFILE_KINDS = ("profiles", "group_profiles")

SHOWN = 10
"""Days that a message lists."""


class Extraction:
    """The requests of one run. The caller must hold the folder's lock."""

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
        profile_kinds: Collection[str] = PROFILE_KINDS,
    ) -> None:
        """Prepare the requests.

        If ``days`` are given, only these are fetched, also if they are complete. With ``refetch``,
        complete days of the run are fetched, too. ``reload_days`` is the number of recent days to
        refetch for late events; by default that of the settings. ``profile_kinds`` are the kinds of
        profiles to fetch.
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
        self._profile_kinds = profile_kinds

    @cached_property
    def _profiles(self) -> ProfileLander:
        run, settings = self._run, self._run.settings
        return ProfileLander(
            ProfileFetcher(
                run.client,
                run.landing,
                page_size=settings.profiles_page_size,
                on_page=run.progress.page,
                # A read that needs more pages than an hour's budget and the longest wait allow
                # can't end.
                max_pages=max_pages_per_read(run.budget.pages_an_hour(), settings.max_wait),
            ),
            sets=[of for of in profile_sets(settings.groups) if of.kind in self._profile_kinds],
            snapshot_days=settings.profiles_snapshot_days,
            overlap=timedelta(minutes=settings.profiles_overlap_minutes),
            full=self._full_profiles,
            on_fetched=run.count_fetch,
        )

    def preview(self, first: date | None = None, last: date | None = None) -> Preview:
        """Return the requests that the run would send, without sending any.

        Raises:
            ConfigError: if the days are invalid, or the folder has the data of another project.
        """
        return self._events.preview(first, last)

    def begin(self, first: date | None = None, last: date | None = None) -> Range:
        """Remove the partial files of a killed run, and return the days that this run is to fetch.

        From here on, days whose number of rows differs from the ledger's count as missing.

        Raises:
            ConfigError: if there are no such days, they are in the future, the folder has the data
                of another project, or its days are of another time basis.
            DatabaseDamagedError: if the raw database can't be read.
            DatabaseMissingError: if it is missing, although the folder had one.
        """
        # Before anything is planned: partial files of a killed run must not count as landed.
        self._run.landing.remove_leftovers()
        self._run.ledger()
        self.check_rows()
        self._run.report.wanted = self._events.resolve_range(first, last)
        return self._run.report.wanted

    def check_rows(self) -> None:
        """Mark days and profiles that disagree with the ledger as missing, and warn about them."""
        raw = self._run.folder.raw
        # With the engine spark it is a copy of the ledger, whose days the caller has checked.
        is_copy = self._run.settings.engine == "spark"
        if is_copy or not isinstance(self._run.state, RawDatabase) or not raw.is_file():
            return
        with duckdb.connect(str(raw)) as connection:
            found = disagreeing_days(connection) + disagreeing_profiles(connection)
            mark_missing(connection, found)
        self.report_disagreements(found)

    def report_disagreements(self, found: Sequence[Disagreement]) -> None:
        """Warn about days and profiles that were marked as missing, and read the ledger once
        more."""
        if found:
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            self._run.report.warnings.append(
                "These do not have as many rows as in the ledger, so they are recorded as missing "
                f"and refetched: {', '.join(map(str, found[:SHOWN]))}{more}."
            )
            self._run.ledger(after_load=True)

    def next_windows(self, wanted: Range) -> list[Window]:
        """Return the windows still to fetch; an empty list when all were, or the run has
        stopped."""
        return self._events.next_windows(wanted)

    def land_package(self, windows: Sequence[Window]) -> list[Landed]:
        """Fetch as many of ``windows`` as make a package. Record failed ones in the report."""
        return self._events.land_package(windows)

    def event_files(self, wanted: Range) -> Iterator[Landed]:
        """Yield the events of ``wanted`` that are missing or due, file by file.

        The caller may stop after any file: the requests for later ones start when the next file is
        taken. The size of each file decides how many days the next requests have.
        """
        while windows := self.next_windows(wanted):
            for file in self._events.land_package(windows, most=1):
                self._run.expect_days(_expected_days(file))
                yield file

    def land_profiles(self) -> list[Landed]:
        """Fetch the profiles of users and of the configured groups. Record failed sets in the
        report."""
        if self._run.stopped:
            return []
        self._run.progress.landing_profiles()
        return self._profiles.land(self._run.ledger(), failed=self._record_profile_failure)

    def refetch(self, file: Landed) -> Landed:
        """Refetch a file that did not load completely; return it without unreadable lines.

        Those are repaired or rejected.

        Raises:
            IncompleteExportError: if the second fetch was incomplete, or had other unreadable
                lines.
        """
        # Lines that an earlier run already proved to be stored like this need no second request.
        if file.kind == "events":
            return self._events.refetch(file)
        return self._profiles.refetch(file, self._run.state.rejected_profiles(file.kind))

    def _record_profile_failure(self, of: ProfileSet, error: MixpanelDataError) -> bool:
        if isinstance(error, QueryError) and error.plan_limit == "call":
            # The plan excludes this request: a retry never helps, and other requests may succeed.
            self._run.report.warnings.append(f"The {of} were left out: {error}")
            return True
        return self._run.record_failure(error)


def _expected_days(file: Landed) -> Iterator[DayRecord]:
    """Yield a record for each day of a file that is not loaded: its share of the file."""
    number = len(file.window)
    for day in file.window.days():
        yield DayRecord(
            day=day,
            range_end=datetime.combine(day, time.max),
            row_count=file.lines // number,
            late_count=0,
            rejected_count=0,
            bytes=file.size // number,
            fetched_at=file.fetched_at.replace(tzinfo=None),
            load_id="",
            filter_hash=file.filter_hash,
        )
