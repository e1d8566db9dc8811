"""The project a sandbox plays: its credentials, its calendar and its data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from mixpanel_data.sandbox.calls import CallLog
from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.sessions import Sessions

Clock = Callable[[], float]  # seconds since the epoch


@dataclass(frozen=True)
class SandboxCredentials:
    """A service account and its project. Invented, but treated like a real one."""

    username: str
    secret: str = field(repr=False)
    project_id: str
    region: str


@dataclass
class Project:
    """What every route needs to know.

    ``time_basis`` "project" plays a project created before 2023: its calendar, and the event times
    put into it, are those of ``timezone`` counted as if they were UTC.
    """

    credentials: SandboxCredentials
    dataset: Dataset
    clock: Clock
    timezone: str = "UTC"
    time_basis: Literal["utc", "project"] = "utc"
    fixed_today: date | None = None
    total_on_later_pages: bool = True
    sessions: Sessions = field(default_factory=Sessions)
    calls: CallLog = field(default_factory=CallLog)

    @property
    def today(self) -> date:
        """The last day an export may ask for."""
        if self.fixed_today:
            return self.fixed_today
        zone = ZoneInfo(self.timezone) if self.time_basis == "project" else UTC
        return datetime.fromtimestamp(self.clock(), zone).date()

    @property
    def local_today(self) -> date:
        """The day it is in the project's time zone: the last one a report may ask for."""
        if self.fixed_today:
            return self.fixed_today
        return datetime.fromtimestamp(self.clock(), ZoneInfo(self.timezone)).date()
