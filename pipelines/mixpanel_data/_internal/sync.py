"""A run, step by step: plan, land, load, build, publish, report. Every door calls these functions."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from mixpanel_data._internal import build as dbt_build
from mixpanel_data._internal import publish as publishing
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.budget import Budget
from mixpanel_data._internal.credentials import Credentials
from mixpanel_data._internal.data_folder import DataFolder
from mixpanel_data._internal.event_filter import EVERYTHING, UNFILTERED, EventFilter
from mixpanel_data._internal.inspect_lines import inspect_lines
from mixpanel_data._internal.land_events import land_events, set_apart
from mixpanel_data._internal.land_profile_sets import ProfileLander
from mixpanel_data._internal.land_profiles import Source
from mixpanel_data._internal.land_windows import WindowLander
from mixpanel_data._internal.landing import Landed, LandingFolder
from mixpanel_data._internal.ledger import Ledger, read_ledger, read_published_ledger
from mixpanel_data._internal.ledger_profiles import rejected_profiles
from mixpanel_data._internal.planner import Range, days_to_fetch, plan, wanted_range
from mixpanel_data._internal.profile_reads import ProfileSet, profile_sets
from mixpanel_data._internal.progress import QUIET, Progress
from mixpanel_data._internal.report import SyncReport
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.verify import broken
from mixpanel_data._internal.windows import Window, today
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    ConfigError,
    IncompleteExportError,
    MixpanelDataError,
    QueryError,
    RateLimitError,
    StorageError,
)

if TYPE_CHECKING:
    from mixpanel_data.sources.package import Project

Only = Literal["events", "profiles"]


class Sync:
    """One run over a data folder. The caller holds the folder's lock."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        *,
        client: MixpanelAPIClient | None = None,
        progress: Progress = QUIET,
        only: EventFilter = EVERYTHING,
        reload_days: int | None = None,
        oldest_first: bool = False,
        full_profiles: bool = False,
    ) -> None:
        self.settings = settings
        self.folder: DataFolder = settings.folder.create()
        self.report = SyncReport()
        self._credentials = credentials
        self._progress = progress
        self._client = client
        self._only = only
        self._lookback_days = settings.lookback_days if reload_days is None else reload_days
        self._oldest_first = oldest_first
        self._full_profiles = full_profiles
        self._started = time.monotonic()
        self._asked: set[date] = set()
        self._reused: list[Landed] = []

    @cached_property
    def client(self) -> MixpanelAPIClient:
        """The connection to Mixpanel, made when first needed."""
        return self._client or MixpanelAPIClient(
            self._credentials,
            base_url=self.settings.api_base_url,
            gate=self.budget,
            max_rate_limit_wait=None,
        )

    @cached_property
    def budget(self) -> Budget:
        """The requests that Mixpanel grants, shared with every other run on this folder."""
        return Budget(
            self.folder.budget,
            project_id=self._credentials.project_id,
            region=self._credentials.region,
            hourly_limit=self.settings.hourly_limit,
            max_wait=self.settings.max_wait,
            on_wait=self._progress.waiting,
        )

    @cached_property
    def landing(self) -> LandingFolder:
        """The landing folder of this project."""
        return LandingFolder(
            self.folder.landing,
            project=self._credentials.project_id,
            region=self._credentials.region,
        )

    @cached_property
    def _lander(self) -> WindowLander:
        return WindowLander(self._land, self.landing)

    @cached_property
    def _profile_lander(self) -> ProfileLander:
        settings = self.settings
        return ProfileLander(
            Source(
                self.client,
                self.landing,
                page_size=settings.profiles_page_size,
                on_page=self._progress.page,
            ),
            sets=profile_sets(settings.groups),
            snapshot_days=settings.profiles_snapshot_days,
            overlap=timedelta(minutes=settings.profiles_overlap_minutes),
            full=self._full_profiles,
            on_fetched=self._fetched,
        )

    @property
    def project(self) -> "Project":
        """Whose data it is, as the ledger will say."""
        from mixpanel_data.sources.package import Project

        return Project(
            project_id=self._credentials.project_id,
            region=self._credentials.region,
            zone=self.settings.zone.key,
            wanted_from=self.report.wanted.first if self.report.wanted else None,
        )

    def ledger(self) -> Ledger:
        """The ledger as it stands.

        Raises:
            ConfigError: the folder holds another project's data.
        """
        ledger = read_ledger(self.folder.raw)
        ledger.require(self._credentials.project_id, self._credentials.region)
        return ledger

    def begin(self, first: date | None = None, last: date | None = None) -> Range:
        """The days this run sets out to bring, after what a crash left half-written is cleared away."""
        self.landing.sweep()
        return self.wanted(first, last)

    def wanted(self, first: date | None = None, last: date | None = None) -> Range:
        """The days this run sets out to bring.

        Raises:
            ConfigError: there are none, or they lie in the future.
        """
        try:
            wanted = wanted_range(
                self.ledger(),
                today=self._today,
                start=self.settings.start_date,
                first=first,
                last=last,
            )
        except ValueError as error:
            raise ConfigError(f"These days can't be brought: {error}.") from None
        self.report.wanted = wanted
        return wanted

    def days(self, wanted: Range) -> list[date]:
        """The days of ``wanted`` that have to be asked for.

        Raises:
            ConfigError: a part of the events is asked for, of days that are there whole: they would lose the rest.
        """
        ledger = self.ledger()
        days = days_to_fetch(
            wanted,
            ledger,
            today=self._today,
            lookback_days=self._lookback_days,
            filter_hash=self._only.hash,
        )
        whole = [d for d in days if d in ledger.days and ledger.days[d].filter_hash == UNFILTERED]
        if whole and self._only.hash != UNFILTERED:
            raise ConfigError(
                f"All events of {len(whole)} of these days are in {self.folder.root} already, from {whole[0]} on; "
                "reading only some of them again would lose the others. Give the filter its own --data-dir."
            )
        return days

    def events(self, wanted: Range) -> None:
        """Bring every day of ``wanted`` that is missing or due, package by package.

        A window that does not arrive whole is noted in the report, and the others go on.
        """
        while windows := self.next_windows(wanted):
            self.load(self.land(windows))

    def next_windows(self, wanted: Range) -> list[Window]:
        """The windows still to be taken, newest first; none when all were, or when no more make sense.

        Planned anew for each package: what was just loaded tells how much the next days may hold.
        """
        if not self.report.due:
            self.report.due = frozenset(self.days(wanted))
            self._progress.planned(len(self.report.due))
            self._reused = self._lander.reusable(
                self.report.due, recent_from=self._recent_from, filter_hash=self._only.hash
            )
        left = self.report.due - self._asked
        if self.stopped or not left:
            return list(self._lander.under_way)
        reused = [file.window for file in self._reused if left.issuperset(file.window.days())]
        planned = plan(
            left.difference(*(window.days() for window in reused)),
            self.ledger(),
            oldest_first=self._oldest_first,
        )
        # A growing plan is only as good as the ledger: load before the guess gets large.
        sure = [window for window in planned if len(window) <= len(planned[0])]
        return [*self._lander.under_way, *reused, *sure]

    def land(self, windows: Sequence[Window]) -> list[Landed]:
        """The verified files of as many of ``windows`` as make a package; one that failed is noted in the report."""
        return self._lander.package(windows, begun=self._begun, failed=self._fail)

    def _begun(self, window: Window) -> None:
        self._asked.update(window.days())
        self._progress.landing(window)

    def _land(self, window: Window) -> Landed:
        for landed in self._reused:
            if landed.window == window:
                return landed
        landed = land_events(
            self.client, window, self.landing, self.settings.zone,
            on_bytes=self._progress.received, only=self._only,
        )  # fmt: skip
        self._fetched(landed)
        return landed

    def _fetched(self, landed: Landed) -> None:
        self.report.requests += landed.requests
        self.report.bytes += landed.size

    def load(self, landed: Sequence[Landed]) -> None:
        """Load verified files; one that DuckDB can't read is fetched once more, and then its bad lines set apart."""
        unread = self._load(landed)
        for file in unread:
            try:
                again = self._land_again(file)
            except MixpanelDataError as error:
                self._fail(error)
                continue
            for refused in self._load([again]):
                self._fail(_unreadable(refused))

    def _land_again(self, file: Landed) -> Landed:
        if file.kind != "events":
            known = rejected_profiles(self.folder.raw, file.kind)
            return self._profile_lander.again(file, known)
        suspects = inspect_lines(file.path, file.window, self.settings.zone)
        if not suspects:
            return set_apart(
                file, []
            ).save()  # every line can be read: it was blank ones that did not add up
        self.landing.set_aside(file.path, "unreadable line")
        file.discard()
        return land_events(
            self.client, file.window, self.landing, self.settings.zone,
            on_bytes=self._progress.received, suspects=suspects, only=self._only,
        )  # fmt: skip

    def _load(self, landed: Sequence[Landed]) -> list[Landed]:
        """Those files that could not be read; the others are loaded, and gone from the landing folder."""
        if not landed:
            return []
        from mixpanel_data.sources.pipeline import load  # dlt takes a second to import

        self._progress.loading(sum(file.lines for file in landed))
        before = self.ledger()
        load(self.folder, self.project, landed, memory_limit=self.settings.memory_limit)
        after = self.ledger()
        unread = []
        for file in landed:
            if after.holds(file):
                self._note(file, before, after)
                file.discard()
            else:
                unread.append(file)
        return unread

    def _note(self, file: Landed, before: Ledger, after: Ledger) -> None:
        if file.kind == "events":
            self.report.note_days(list(file.window.days()), before, after)
        else:
            self.report.note_profiles(file, after)
        self._progress.loaded(file)

    def profiles(self) -> None:
        """Bring the profiles that are due, each set whole or not at all; what did not come is noted in the report."""
        self.load(self.land_profiles())

    def land_profiles(self) -> list[Landed]:
        """The verified files of users and of the configured groups; a set that failed is noted in the report."""
        if self.stopped:
            return []
        self._progress.landing_profiles()
        return self._profile_lander.package(self.ledger(), failed=self._fail_profiles)

    def _fail_profiles(self, of: ProfileSet, error: MixpanelDataError) -> bool:
        if isinstance(error, QueryError) and error.plan_limit == "call":
            # Asking again never helps, and the rest of the run is right.
            self.report.warnings.append(f"The {of} were left out: {error}")
            return True
        return self._fail(error)

    def needs_build(self) -> bool:
        """Whether the raw tables hold a load that the published file does not."""
        if not self.folder.raw.is_file():
            return False
        with suppress(MixpanelDataError):
            return (
                read_published_ledger(self.folder.published).loads
                != read_ledger(self.folder.raw).loads
            )
        return True

    def build(self) -> None:
        """Run dbt over what changed."""
        self._progress.building("starting dbt")
        self.report.build = dbt_build.build(
            self.folder,
            storage_version=self.settings.storage_version,
            on_progress=self._progress.building,
        )

    def publish(self) -> None:
        """Put the built file where readers open it."""
        self.report.published = publishing.publish(self.folder)
        self._progress.published(self.report.published)

    def finish(self) -> SyncReport:
        """The report, closed."""
        self.report.seconds = time.monotonic() - self._started
        with suppress(MixpanelDataError):  # a report without it is better than none
            self.report.budget = self.budget.state()
        return self.report

    def run(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        only: Only | None = None,
        build: bool = True,
    ) -> SyncReport:
        """The whole job. What did not arrive is in the report's ``failures``; what did is loaded, built, published.

        Raises:
            ConfigError: the days asked for can't be, or the folder is another project's.
            MixpanelDataError: dbt failed; the last good file stands.
        """
        wanted = self.begin(first, last)
        if only != "profiles":
            self.events(wanted)
        if only != "events":
            self.profiles()
        if build and self.needs_build():
            self.build()
            self.publish()
        return self.finish()

    @property
    def stopped(self) -> bool:
        """Whether something happened after which no request makes sense."""
        return any(_stops(error) for error in self.report.failures)

    @property
    def _today(self) -> date:
        return today(self.settings.zone)

    @property
    def _recent_from(self) -> date:
        return self._today - timedelta(days=self._lookback_days)

    def _fail(self, error: MixpanelDataError) -> bool:
        """Note what did not come; whether it makes sense to go on."""
        ends = _stops(error)
        # What ends the run meets every request under way, and is said once.
        said = [known for known in self.report.failures if _stops(known)]
        if not (ends and type(error) in map(type, said)):
            self.report.failures.append(error)
            self._progress.failed(error)
        return not ends


def _stops(error: MixpanelDataError) -> bool:
    """Whether no further request makes sense: refused credentials, a spent budget, no host, or no disk to note it."""
    no_answer = isinstance(error, APIError) and error.status_code is None
    return no_answer or isinstance(error, AuthenticationError | RateLimitError | StorageError)


def _unreadable(file: Landed) -> IncompleteExportError:
    error = broken("unreadable", f"DuckDB can't read the {file.kind} that arrived")
    days = (file.window.first, file.window.last) if file.kind == "events" else (None, None)
    return IncompleteExportError(
        str(error.details["explanation"]), reason="unreadable", from_date=days[0], to_date=days[1]
    )
