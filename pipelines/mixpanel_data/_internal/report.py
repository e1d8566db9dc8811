"""What a run did, for people and for programs."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mixpanel_data._internal.build import BuildResult
from mixpanel_data._internal.ledger import DayRecord, Ledger
from mixpanel_data._internal.planner import Range
from mixpanel_data._internal.publish import Published
from mixpanel_data._internal.windows import Window, contiguous
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError


@dataclass(frozen=True)
class DayOutcome:
    """A day that was loaded: its rows now, and before (None: it is new)."""

    day: date
    rows: int
    rows_before: int | None
    late: int


@dataclass
class SyncReport:
    """Everything a run has to tell. It grows as the run goes on."""

    wanted: Range | None = None
    due: frozenset[date] = frozenset()
    """The days that had to be asked for."""
    days: list[DayOutcome] = field(default_factory=list)
    profiles: int | None = None
    rejected: int = 0
    requests: int = 0
    bytes: int = 0
    """As they came over the wire."""
    failures: list[MixpanelDataError] = field(default_factory=list)
    """What did not come; the rest went on."""
    build: BuildResult | None = None
    published: Published | None = None
    seconds: float = 0.0

    @property
    def events(self) -> int:
        """Events in the days that were loaded."""
        return sum(day.rows for day in self.days)

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
            ExceptionGroup: of ``failures``, if there are any; its message names the days that are missing.
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
            "rejected_lines": self.rejected,
            "requests": self.requests,
            "bytes": self.bytes,
            "failures": [error.to_dict() for error in self.failures],
            "built": self.build is not None,
            "published": str(self.published.path) if self.published else None,
            "tables": dict(self.published.tables) if self.published else {},
            "seconds": round(self.seconds, 2),
        }


def _rows(record: DayRecord | None) -> int | None:
    return record.row_count if record else None
