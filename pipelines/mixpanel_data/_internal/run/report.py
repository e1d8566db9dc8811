"""The report of a run."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from mixpanel_data._display import Displayed, counted, fields_html
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.publication.schema_changes import SchemaChange, summarize
from mixpanel_data._internal.publish_targets.outcome import TargetCopy
from mixpanel_data._internal.streams.windows import Window, contiguous
from mixpanel_data._internal.text import format_duration
from mixpanel_data._internal.transform.build import BuildResult
from mixpanel_data.exceptions import (
    IncompleteExportError,
    MixpanelDataError,
    PublishTargetError,
)

SHOWN = 5
"""Missing days, failures or warnings that a printed report lists."""


@dataclass(frozen=True, repr=False)
class DayOutcome(Displayed):
    """A day that was loaded: its rows now, and before (None if it is new).

    ``late`` are events that arrived after the day; ``bytes`` and ``seconds`` are the day's share of
    the bytes received, compressed, and of the duration of its request.
    """

    day: date
    rows: int
    rows_before: int | None
    late: int
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, repr=False)
class ProfileOutcome(Displayed):
    """A read of profiles that was loaded."""

    group_key: str
    """Empty for users."""
    fetched_rows: int
    current_rows: int
    """The number of profiles after it."""
    since: datetime | None
    """Only profiles seen since then (naive UTC) were read; None for a complete snapshot."""


@dataclass(repr=False)
class SyncReport:
    """The result of a run, to which each step adds. ``print()`` shows it in a few lines.

    Days are those of the project's export: UTC, or the project's zone for projects created before
    2023. ``bytes`` are those received, compressed; ``seconds`` is the duration of the run.
    """

    wanted: Range | None = None
    due: frozenset[date] = frozenset()
    """The days that had to be fetched."""
    days: list[DayOutcome] = field(default_factory=list)
    profile_reads: list[ProfileOutcome] = field(default_factory=list)
    rejected: int = 0
    """Lines, and profiles, that were not loaded."""
    repaired: int = 0
    """Lines, and profiles, that were loaded with replaced characters."""
    requests: int = 0
    budget: dict[str, dict[str, int]] = field(default_factory=dict)
    """For exports and queries: the requests of the last hour, by all runs, and those left."""
    bytes: int = 0
    """Bytes received, compressed."""
    failures: list[MixpanelDataError] = field(default_factory=list)
    """The parts that failed; others were not affected."""
    warnings: list[str] = field(default_factory=list)
    """Parts that were left out and that another run would leave out, too."""
    build: BuildResult | None = None
    published: Published | None = None
    copies: list[TargetCopy] = field(default_factory=list)
    """The publish targets that have the publication."""
    failed_copies: list[PublishTargetError] = field(default_factory=list)
    """The publish targets that could not be reached or failed. The data are loaded and published
    all the same."""
    schema_changes: list[SchemaChange] = field(default_factory=list)
    """The rows that this build added to the table `schema_changes`; none for the first build."""
    seconds: float = 0.0

    @property
    def events(self) -> int:
        """The number of events in the days that were loaded."""
        return sum(day.rows for day in self.days)

    @property
    def profiles(self) -> int | None:
        """The number of users, if their profiles were read."""
        return next((read.current_rows for read in self.profile_reads if not read.group_key), None)

    @property
    def missing(self) -> list[Window]:
        """The days that were due and are not loaded."""
        return contiguous(self.due - {outcome.day for outcome in self.days})

    @property
    def incomplete(self) -> list[IncompleteExportError]:
        """The failures because of which days, or profiles, are missing."""
        return [error for error in self.failures if isinstance(error, IncompleteExportError)]

    def raise_failures(self) -> None:
        """Raise the failures, for callers that report errors by exceptions.

        Raises:
            ExceptionGroup: of ``failures``, if there are any; its message lists the missing days.
                Otherwise of ``failed_copies``, if there are any.
        """
        if self.failures:
            # Windows, not days: a back-fill that ended early misses hundreds in a row.
            days = ", ".join(map(str, self.missing))
            which = f" These days are missing: {days}." if days else ""
            # With the first failure's text, since loggers often print the group's message alone.
            raise ExceptionGroup(
                f"Not everything arrived.{which} {self.failures[0]}",
                [*self.failures, *self.failed_copies],
            )
        if self.failed_copies:
            raise ExceptionGroup(
                f"The data are published, but not copied to every publish target. "
                f"{self.failed_copies[0]}",
                self.failed_copies,
            )

    def add_days(self, days: list[date], before: Ledger, after: Ledger) -> None:
        """Add the outcome of ``days``, which were just loaded."""
        for day in days:
            # Read from the ledger and not from the file, so that the report shows what was
            # committed.
            record = after.days[day]
            self.rejected += record.rejected_count
            self.days.append(
                DayOutcome(
                    day,
                    record.row_count,
                    _rows(before.days.get(day)),
                    record.late_count,
                    record.bytes,
                    record.seconds,
                )
            )

    def add_profiles(self, file: Landed, after: Ledger) -> None:
        """Add the outcome of ``file``, which was just loaded."""
        self.rejected += sum(not item.is_loaded for item in file.rejects)
        fetched = after.reads[file.kind, file.filter_hash].row_count
        now = after.profile_counts.get(file.group_key, 0)
        self.profile_reads.append(ProfileOutcome(file.group_key, fetched, now, file.since))

    @property
    def schema_summary(self) -> str:
        """The first schema changes in words, and the number of the others; empty if there are
        none."""
        return summarize(self.schema_changes)

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._summary().items())

    def __repr__(self) -> str:
        return f"<SyncReport {'; '.join(f'{n}: {v}' for n, v in self._summary().items())}>"

    def _repr_html_(self) -> str:
        return fields_html("SyncReport", self._summary())

    def _summary(self) -> dict[str, str]:
        """Return the figures that a person reads, by name; those that are zero are left out."""
        lines = {
            "days": self._days_text(),
            "events": f"{self.events:,}" if self.days else "",
            "profiles": "" if self.profiles is None else f"{self.profiles:,}",
            "rejected lines": f"{self.rejected:,}" if self.rejected else "",
            "repaired lines": f"{self.repaired:,}" if self.repaired else "",
            "missing days": _first_few([str(window) for window in self.missing]),
            "failures": _first_few(
                [error.message for error in (*self.failures, *self.failed_copies)], "; "
            ),
            "warnings": _first_few(self.warnings, "; "),
            "schema changes": self.schema_summary,
            "published": self._published_text(),
            "copied to": ", ".join(copy.target for copy in self.copies),
            "duration": f"{format_duration(self.seconds)}, {counted(self.requests, 'request')}",
        }
        return {name: text for name, text in lines.items() if text}

    def _days_text(self) -> str:
        loaded = f"{counted(len(self.days), 'day')} loaded"
        return f"{self.wanted.first} to {self.wanted.last}, {loaded}" if self.wanted else loaded

    def _published_text(self) -> str:
        if self.published is None:
            return "nothing"
        return f"{counted(len(self.published.tables), 'table')} in {self.published.path}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON; dates are ISO texts."""
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
                    "bytes": day.bytes,
                    "seconds": round(day.seconds, 3),
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
                    "fetched_rows": read.fetched_rows,
                    "profiles": read.current_rows,
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
            "schema_changes": [change.to_dict() for change in self.schema_changes],
            "tables": dict(self.published.tables) if self.published else {},
            "copies": [copy.to_dict() for copy in self.copies],
            "failed_copies": [error.to_dict() for error in self.failed_copies],
            "seconds": round(self.seconds, 2),
        }


def _first_few(texts: list[str], separator: str = ", ") -> str:
    """Return the first texts, and the number of the others."""
    left = len(texts) - SHOWN
    return separator.join([*texts[:SHOWN], *([f"{left:,} more"] if left > 0 else [])])


def _rows(record: DayRecord | None) -> int | None:
    return record.row_count if record else None
