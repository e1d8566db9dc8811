"""The project of a sandbox: its credentials, its calendar and its data."""

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
    """A service account and its project: invented, but handled like a real one."""

    username: str
    secret: str = field(repr=False)
    project_id: str
    region: str


@dataclass
class Project:
    """The state that all routes need.

    ``time_basis`` "project" simulates a project created before 2023: its calendar, and the times of
    events, are those of ``timezone`` counted as if they were UTC. ``sampled``: ``/events`` estimates
    its counts from a tenth of the users. ``hidden_counted``: ``/events`` counts events that Lexicon
    hides. ``history_days``: the days before today that the plan lets reports request.
    """

    credentials: SandboxCredentials
    dataset: Dataset
    clock: Clock
    timezone: str = "UTC"
    time_basis: Literal["utc", "project"] = "utc"
    fixed_today: date | None = None
    total_on_later_pages: bool = True
    sampled: bool = False
    hidden_counted: bool = True
    history_days: int | None = None
    sessions: Sessions = field(default_factory=Sessions)
    calls: CallLog = field(default_factory=CallLog)

    @property
    def today(self) -> date:
        """Return the last day that an export may request."""
        if self.fixed_today:
            return self.fixed_today
        zone = ZoneInfo(self.timezone) if self.time_basis == "project" else UTC
        return datetime.fromtimestamp(self.clock(), zone).date()

    @property
    def local_today(self) -> date:
        """Return the current day in the project's time zone, the last one that a report may
        request."""
        if self.fixed_today:
            return self.fixed_today
        return datetime.fromtimestamp(self.clock(), ZoneInfo(self.timezone)).date()
