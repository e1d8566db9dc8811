"""What a run did, for people and for programs."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.streams.windows import Window, contiguous
from mixpanel_data._internal.transform.build import BuildResult
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError


@dataclass(frozen=True)
class DayOutcome:
    """A day that was loaded: its rows now, and before (None: it is new)."""

    day: date
    rows: int
    rows_before: int | None
    late: int


@dataclass(frozen=True)
class ProfileOutcome:
    """A read of profiles that was loaded."""

    group_key: str
    """Empty for users."""
    brought: int
    now: int
    """How many there are after it."""
    since: datetime | None
    """Only those seen from then on (naive UTC) were read; None: it was a complete snapshot."""


@dataclass
class SyncReport:
    """Everything a run has to tell. It grows as the run goes on."""

    wanted: Range | None = None
    due: frozenset[date] = frozenset()
    """The days that had to be asked for."""
    days: list[DayOutcome] = field(default_factory=list)
    profile_reads: list[ProfileOutcome] = field(default_factory=list)
    rejected: int = 0
    """Lines, and profiles, that were not loaded."""
    repaired: int = 0
    """Lines, and profiles, that were loaded with replaced characters."""
    requests: int = 0
    budget: dict[str, dict[str, int]] = field(default_factory=dict)
    """For exports and queries: how many the last hour saw, by whatever run, and how many are left.
    """
    bytes: int = 0
    """As they came over the wire."""
    failures: list[MixpanelDataError] = field(default_factory=list)
    """What did not come; the rest went on."""
    warnings: list[str] = field(default_factory=list)
    """What was left out and can't be helped by another run."""
    build: BuildResult | None = None
    published: Published | None = None
    seconds: float = 0.0

    @property
    def events(self) -> int:
        """Events in the days that were loaded."""
        return sum(day.rows for day in self.days)

    @property
    def profiles(self) -> int | None:
        """How many users there are, if their profiles were read."""
        return next((read.now for read in self.profile_reads if not read.group_key), None)

    @property
    def missing(self) -> list[Window]:
        """What was due and is not loaded."""
        return contiguous(self.due - {outcome.day for outcome in self.days})

    @property
    def incomplete(self) -> list[IncompleteExportError]:
        """Those failures that left days, or the profiles, out."""
        return [error for error in self.failures if isinstance(error, IncompleteExportError)]

    def raise_failures(self) -> None:
        """For callers that fail by raising.

        Raises:
            ExceptionGroup: of ``failures``, if there are any; its message names the days that are
                missing.
        """
        if self.failures:
            days = ", ".join(map(str, self.missing))
            which = f" These days are missing: {days}." if days else ""
            raise ExceptionGroup(
                f"Not everything arrived.{which} {self.failures[0]}", self.failures
            )

    def note_days(self, days: list[date], before: Ledger, after: Ledger) -> None:
        """Add the outcome of ``days``, which a load has just brought."""
        for day in days:
            record = after.days[day]
            self.rejected += record.rejected_count
            self.days.append(
                DayOutcome(day, record.row_count, _rows(before.days.get(day)), record.late_count)
            )

    def note_profiles(self, file: Landed, after: Ledger) -> None:
        """Add the outcome of ``file``, which a load has just brought."""
        self.rejected += sum(not item.is_loaded for item in file.rejects)
        brought = after.reads[file.kind, file.filter_hash].row_count
        now = after.profile_counts.get(file.group_key, 0)
        self.profile_reads.append(ProfileOutcome(file.group_key, brought, now, file.since))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it; dates are ISO texts."""
        days = sorted(self.days, key=lambda outcome: outcome.day)
        return {
            "from_date": str(self.wanted.first) if self.wanted else None,
            "to_date": str(self.wanted.last) if self.wanted else None,
            "days_loaded": len(days),
            "events": self.events,
            "days": [
                {
                    "day": str(day.day),
                    "rows": day.rows,
                    "rows_before": day.rows_before,
                    "late": day.late,
                }
                for day in days
            ],
            "days_missing": [str(day) for window in self.missing for day in window.days()],
            "profiles": self.profiles,
            "profile_reads": [
                {
                    "group_key": read.group_key or None,
                    "snapshot_complete": read.since is None,
                    "since": read.since.isoformat() if read.since else None,
                    "brought": read.brought,
                    "profiles": read.now,
                }
                for read in self.profile_reads
            ],
            "rejected_lines": self.rejected,
            "repaired_lines": self.repaired,
            "requests": self.requests,
            "budget": self.budget,
            "bytes": self.bytes,
            "failures": [error.to_dict() for error in self.failures],
            "warnings": self.warnings,
            "built": self.build is not None,
            "published": str(self.published.path) if self.published else None,
            "tables": dict(self.published.tables) if self.published else {},
            "seconds": round(self.seconds, 2),
        }


def _rows(record: DayRecord | None) -> int | None:
    return record.row_count if record else None
