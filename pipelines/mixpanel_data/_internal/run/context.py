"""What every step of a run shares: whose data, where it lies, who listens, what came of it so far."""

from datetime import date, datetime
from functools import cached_property

from mixpanel_data._internal.api.transport_errors import NO_SERVER
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import clock_warning
from mixpanel_data._internal.data_folder.damage import require_raw
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.run.progress import Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.time_zones import today
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    IncompleteExportError,
    MixpanelDataError,
    RateLimitError,
    StorageError,
)

UNANSWERED = 3
"""Requests in a row, each tried several times, after which a server that breaks off every answer is
given up."""


class Run:
    """One run over a data folder."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        *,
        client: MixpanelAPIClient | None,
        progress: Progress,
    ) -> None:
        self.settings = settings
        self.folder: DataFolder = settings.folder.create()
        self.report = SyncReport()
        self.progress = progress
        self.stopped = False
        """Whether something happened after which no request makes sense."""
        self._unanswered = 0
        self._ledger: Ledger | None = None
        self._newest_before: datetime | None = None
        """When the newest load before this run was fetched, naive UTC."""
        self._credentials = credentials
        self._client = client

    @cached_property
    def client(self) -> MixpanelAPIClient:
        """The connection to Mixpanel, made when first needed."""
        return self._client or MixpanelAPIClient(
            self._credentials,
            base_url=self.settings.api_base_url,
            allow_http=self.settings.allow_http,
            bounds=self.settings.bounds,
            gate=self.budget,
            max_rate_limit_wait=None,
        )

    @cached_property
    def budget(self) -> RateLimiter:
        """The requests that Mixpanel grants, shared with every other run on this folder."""
        return RateLimiter(
            self.folder.budget,
            project_id=self._credentials.project_id,
            region=self._credentials.region,
            hourly_limit=self.settings.fixed_hourly_limit,
            pages_count=self.settings.profile_pages_count,
            max_wait=self.settings.max_wait,
            on_wait=self.progress.waiting,
        )

    @cached_property
    def landing(self) -> LandingFolder:
        """The landing folder of this project."""
        return LandingFolder(
            self.folder.landing,
            project=self._credentials.project_id,
            region=self._credentials.region,
            quarantine=self.settings.quarantine,
        )

    def today(self) -> date:
        """The day that it is now in the zone in which the project exports."""
        return today(self.settings.zone)

    @property
    def project(self) -> Project:
        """Whose data it is, as the ledger will say."""
        return Project(
            project_id=self._credentials.project_id,
            region=self._credentials.region,
            zone=self.settings.zone.key,
            wanted_from=self.report.wanted.first if self.report.wanted else None,
        )

    def ledger(self, *, after_load: bool = False) -> Ledger:
        """The ledger as it stands. Only this run changes it, by a load, after which it is read
        anew.

        Raises:
            ConfigError: the folder holds another project's data, or days of another time basis.
            DatabaseDamagedError, DatabaseMissingError: the raw database can't be read, or is gone.
        """
        if after_load or self._ledger is None:
            require_raw(self.folder)
            self._ledger = read_ledger(self.folder.raw)
            self._ledger.require_same_project(
                self._credentials.project_id, self._credentials.region
            )
            self._ledger.require_zone(self.settings.zone)
            if not after_load:
                self._newest_before = self._ledger.newest_fetch
        return self._ledger

    def clock_warning(self) -> str | None:
        """A sentence about a clock that is wrong, or was when this folder was last loaded; None if
        neither is seen."""
        return clock_warning(self.client.clock.ahead, self._newest_before)

    def fetched(self, landed: Landed) -> None:
        """Count what a file cost."""
        self._unanswered = 0
        self.report.requests += landed.requests
        self.report.bytes += landed.size

    def fail(self, error: MixpanelDataError) -> bool:
        """Note what did not come; whether it makes sense to go on."""
        if isinstance(error, IncompleteExportError):
            self.report.requests += int(error.details.get("requests") or 0)
        ends = self._ends(error)
        self.stopped = self.stopped or ends
        # What ends the run meets every request under way, and is said once.
        if not (ends and type(error) in map(type, self.report.failures)):
            self.report.failures.append(error)
            self.progress.failed(error)
        return not ends

    def _ends(self, error: MixpanelDataError) -> bool:
        """Whether no further request makes sense: refused credentials, a spent budget, no server,
        or no disk to note it."""
        if isinstance(error, AuthenticationError | RateLimitError | StorageError):
            return True
        unanswered = isinstance(error, APIError) and error.status_code is None
        self._unanswered = self._unanswered + 1 if unanswered else 0
        gone = error.details.get("cause") in NO_SERVER or self._unanswered >= UNANSWERED
        return unanswered and gone
