"""The context that all steps of a run share: settings, folder, connection, report, progress."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from mixpanel_data._internal.api.transport_errors import NO_SERVER
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import clock_warning
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.ledger.reader import EMPTY, Ledger
from mixpanel_data._internal.ledger.records import DayRecord, Project
from mixpanel_data._internal.ledger.state import LoadedState, RawDatabase
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.run.connection import create_client, create_limiter
from mixpanel_data._internal.run.progress import Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.time_zones import today
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    ConfigError,
    IncompleteExportError,
    MixpanelDataError,
    RateLimitError,
    StorageError,
)

MAX_FAILURES_IN_A_ROW = 3
"""Requests in a row without a response, each retried several times, after which the run stops."""


class Run:
    """One run over a data folder. Without credentials it can only build and publish."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        *,
        client: MixpanelAPIClient | None,
        progress: Progress,
        state: LoadedState | None = None,
        landing: Path | None = None,
    ) -> None:
        """Prepare a run.

        ``state`` is that of the destination, and ``landing`` the folder of its verified files; by
        default those of the data folder.
        """
        self.settings = settings
        # Made by the lock, which a plan does not take.
        self.folder: DataFolder = settings.folder
        self.state: LoadedState = state or RawDatabase(self.folder)
        self._landing = landing or self.folder.landing
        self.report = SyncReport()
        self.progress = progress
        self.stopped = False
        """True if no further request makes sense."""
        self.in_parts = False
        """True if the run fetches a part of its days, and later runs the others: once it received
        something, a used-up rate limit ends it and is no failure."""
        self.is_part = False
        """True if the rate limit ended a run in parts."""
        self._failures_in_a_row = 0
        self._ledger: Ledger | None = None
        self._newest_before: datetime | None = None
        """When the newest load before this run was fetched, in naive UTC."""
        self._credentials = credentials
        self._client = client

    @property
    def can_fetch(self) -> bool:
        """Return True if the run has credentials."""
        return self._credentials is not None

    @property
    def account(self) -> Credentials:
        """The credentials of the run.

        Raises:
            ConfigError: if it has none.
        """
        if self._credentials is None:
            raise ConfigError("This run has no credentials, so it can't fetch.")
        return self._credentials

    @cached_property
    def client(self) -> MixpanelAPIClient:
        """The connection to Mixpanel, created when first used."""
        return self._client or create_client(
            self.settings, self.account, self.budget, on_retry=self.progress.retrying
        )

    @cached_property
    def budget(self) -> RateLimiter:
        """The rate limiter, shared with every other run on this folder."""
        return create_limiter(self.settings, self.account, on_wait=self.progress.waiting)

    @cached_property
    def landing(self) -> LandingFolder:
        """The landing folder of this project."""
        # A folder for each project and region: a verified file must not be loaded as another
        # project's.
        return LandingFolder(
            self._landing,
            project=self.account.project_id,
            region=self.account.region,
            quarantine=self.settings.quarantine,
        )

    def today(self) -> date:
        """Return the current date in the time zone of the project's export."""
        return today(self.settings.zone)

    @property
    def project(self) -> Project:
        """The project of the data, as the ledger will record it."""
        return Project(
            project_id=self.account.project_id,
            region=self.account.region,
            zone=self.settings.zone.key,
            # Kept in the ledger, so that `mp status` can name days before the first one that was
            # loaded.
            wanted_from=self.report.wanted.first if self.report.wanted else None,
        )

    def start_empty(self) -> None:
        """Take the ledger as empty: the raw database was moved away, and the published file, which
        readers keep, is not the sign of a lost one."""
        self._ledger = EMPTY

    def ledger(self, *, after_load: bool = False) -> Ledger:
        """Return the ledger. It is cached, since only a load of this run changes it; use
        ``after_load`` then.

        Raises:
            ConfigError: if the folder has the data of another project, or days of another time
                basis.
            DatabaseDamagedError, DatabaseMissingError: if the raw database can't be read, or is
                missing.
        """
        if after_load or self._ledger is None:
            self._ledger = self.state.read_ledger()
            if self.can_fetch:
                self._ledger.require_same_project(self.account.project_id, self.account.region)
            self._ledger.require_zone(self.settings.zone)
            # Loads of this run have the present clock; only earlier ones can show that it differs.
            if not after_load:
                self._newest_before = self._ledger.newest_fetch
        return self._ledger

    def expect_days(self, days: Iterable[DayRecord]) -> None:
        """Add days that were fetched and are not loaded yet, so that the next requests are planned
        by their size."""
        ledger = self.ledger()
        self._ledger = replace(ledger, days={**ledger.days, **{day.day: day for day in days}})

    def clock_warning(self) -> str | None:
        """Return a warning about a clock that is wrong, or was at the last load; None without any
        sign."""
        if not self.can_fetch:
            return None
        return clock_warning(self.client.clock.ahead, self._newest_before)

    def count_fetch(self, landed: Landed) -> None:
        """Count the requests and bytes of a file."""
        self._failures_in_a_row = 0
        self.report.requests += landed.requests
        self.report.bytes += landed.size

    def record_failure(self, error: MixpanelDataError) -> bool:
        """Record a failure; return True if the run can continue."""
        if isinstance(error, IncompleteExportError):
            # Its requests are counted here, since it left no file to count.
            self.report.requests += int(error.details.get("requests") or 0)
        ends = self._ends_run(error)
        self.stopped = self.stopped or ends
        if isinstance(error, RateLimitError) and self.in_parts and self.report.bytes:
            if not self.is_part:
                self.report.warnings.append(f"A later run fetches the other days. {error}")
            self.is_part = True
            return False
        # A failure that ends the run affects every request in flight, and is reported once.
        if not (ends and type(error) in map(type, self.report.failures)):
            self.report.failures.append(error)
            self.progress.failed(error)
        return not ends

    def _ends_run(self, error: MixpanelDataError) -> bool:
        """Return True if no further request can succeed.

        The reasons: wrong credentials, a used-up rate limit, no server, or no disk space for the
        log of requests.
        """
        # Each of these would fail the next request in the same way, and may cost a part of the
        # budget.
        if isinstance(error, AuthenticationError | RateLimitError | StorageError):
            return True
        # Any response, also an error, shows that there is a server.
        unanswered = isinstance(error, APIError) and error.status_code is None
        self._failures_in_a_row = self._failures_in_a_row + 1 if unanswered else 0
        is_unreachable = (
            error.details.get("cause") in NO_SERVER
            or self._failures_in_a_row >= MAX_FAILURES_IN_A_ROW
        )
        return unanswered and is_unreachable
