"""The status of a data folder, from the ledger alone."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal.data_folder.damage import require_raw
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger, read_published_ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.publish_targets.configuration import target_names
from mixpanel_data._internal.publish_targets.outcome import TargetRecord, read_target_record
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.run.history import (
    RunHistory,
    RunRecord,
    failures_in_a_row,
    newest_success,
)
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.streams.profile_sets import USERS
from mixpanel_data._internal.streams.windows import ONE_DAY, Window, contiguous
from mixpanel_data._internal.time_zones import day_start, today
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError, StorageError
from mixpanel_data.sync.engine import refresh_ledger_copy


@dataclass(frozen=True, repr=False)
class Status(Displayed):
    """The content of a data folder. Times are naive UTC."""

    data_dir: Path
    read_from: str
    project: tuple[str, str] | None
    """Project and region."""
    days: int
    first: date | None
    last: date | None
    gaps: tuple[Window, ...]
    """Days up to yesterday that a run was to fetch and that are not complete."""
    events: int
    late: int
    """Events that arrived more than a day after they occurred."""
    latest: DayRecord | None = field(repr=False)
    """The day whose newest event arrived longest after its end."""
    rejected: dict[str, int]
    """Unreadable lines by table, without zeros."""
    repaired: int
    """Lines that were loaded with replacement characters."""
    profiles: int | None
    """The number of user profiles."""
    group_profiles: dict[str, int]
    """The number of profiles by group key."""
    last_snapshot: datetime | None
    """When the newest complete read of user profiles began."""
    last_increment: datetime | None
    """When the newest incremental read of user profiles began."""
    last_run: datetime | None
    published_at: datetime | None
    records: tuple[DayRecord, ...] = field(repr=False)
    """Each day, oldest first."""
    complete_up_to: date | None = None
    """The last day up to which every day is complete, from MP_START_DATE on, or from the first day
    that a run was to fetch if that is later; None if the first one is missing. A back-fill of days
    before MP_START_DATE does not change it."""
    published_up_to: date | None = None
    """The same for the published file; None also without one."""
    complete_until: datetime | None = None
    """When the last day ended up to which the data are complete: those of the published file, or
    those that are loaded if nothing was published yet."""
    budget: dict[str, dict[str, int]] = field(default_factory=dict)
    """For exports and queries: requests ``spent`` in the last hour, ``remaining`` now, and the
    ``hourly_limit``."""
    targets: tuple[TargetRecord, ...] = ()
    """The last copy to each configured publish target, and the last failure since then."""
    runs: tuple[RunRecord, ...] = field(default=(), repr=False)
    """The last runs, oldest first, those that failed or were killed included."""
    days_behind: int | None = None
    """Days up to yesterday after ``published_up_to``, or after ``complete_up_to`` if nothing was
    published; None if no day is complete."""
    empty_newest_days: int = 0
    """How many of the newest loaded days have no events, one after the other."""

    @property
    def is_fresh(self) -> bool:
        """True if every day up to yesterday is complete and published."""
        return self.days_behind == 0

    @property
    def last_attempt(self) -> RunRecord | None:
        """The newest run, successful or not."""
        return self.runs[-1] if self.runs else None

    @property
    def last_success(self) -> datetime | None:
        """When the newest successful run ended."""
        record = newest_success(self.runs)
        return record.ended_at if record else None

    @property
    def failed_runs(self) -> int:
        """How many of the newest runs failed, one after the other."""
        return failures_in_a_row(self.runs)

    def age(self, now: datetime | None = None) -> timedelta | None:
        """Return the time since ``complete_until`` at ``now`` (in UTC); None without such a day."""
        if self.complete_until is None:
            return None
        return (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) - self.complete_until

    @property
    def published_text(self) -> str:
        """When the last file was published."""
        return f"{self.published_at:%Y-%m-%d %H:%M:%S} UTC" if self.published_at else "nothing"

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON; dates and times are ISO texts, UTC."""
        return {
            "data_dir": str(self.data_dir),
            "read_from": self.read_from,
            "project_id": self.project[0] if self.project else None,
            "region": self.project[1] if self.project else None,
            "days_loaded": self.days,
            "first_day": _iso(self.first),
            "last_day": _iso(self.last),
            "gaps": [{"from_date": str(gap.first), "to_date": str(gap.last)} for gap in self.gaps],
            "events": self.events,
            "late_events": self.late,
            "latest_arrival": _arrival(self.latest),
            "rejected_lines": sum(self.rejected.values()),
            "rejected_by_table": self.rejected,
            "repaired_lines": self.repaired,
            "profiles": self.profiles,
            "group_profiles": self.group_profiles,
            "last_snapshot": _iso(self.last_snapshot),
            "last_increment": _iso(self.last_increment),
            "last_run": _iso(self.last_run),
            "published_at": _iso(self.published_at),
            "complete_up_to": _iso(self.complete_up_to),
            "published_up_to": _iso(self.published_up_to),
            "age_seconds": None if (age := self.age()) is None else round(age.total_seconds()),
            "budget": self.budget,
            "publish_targets": [asdict(record) for record in self.targets],
            "days_behind": self.days_behind,
            "empty_newest_days": self.empty_newest_days,
            "last_attempt": self.last_attempt.to_dict() if self.last_attempt else None,
            "last_success": _iso(self.last_success),
            "failed_runs": self.failed_runs,
        }


def read_status(settings: Settings) -> Status:
    """Return the status of the settings' data folder; while a run writes, that of the published
    file.

    Args:
        settings: The settings, as :func:`load_settings` returns them.

    Raises:
        DatabaseMissingError: if there was a raw database, and there is none now.
        DatabaseDamagedError: if it can't be read.
    """
    folder = settings.folder
    refresh_ledger_copy(settings)
    try:
        require_raw(folder)
        # DuckDB locks a file that is open for writing, also against readers of other processes.
        ledger, source = read_ledger(folder.raw), str(folder.raw)
    except DatabaseLockedError:
        ledger, source = (
            read_published_ledger(folder.published),
            f"{folder.published} (a run is writing now)",
        )
    published_at = None
    with suppress(FileNotFoundError):
        published_at = datetime.fromtimestamp(folder.published.stat().st_mtime, UTC).replace(
            tzinfo=None
        )
    now = today(settings.zone)
    status = status_of(
        ledger,
        data_dir=folder.root,
        read_from=source,
        published_at=published_at,
        now=now,
        since=settings.start_date,
    )
    published_up_to = None
    # Without the published file the rest of the status is still right.
    with suppress(DatabaseLockedError, StorageError):
        published = read_published_ledger(folder.published)
        published_up_to = complete_up_to(published, now, since=settings.start_date)
    until = published_up_to if published_at else status.complete_up_to
    status = replace(
        status,
        published_up_to=published_up_to,
        complete_until=day_start(until + ONE_DAY, settings.zone) if until else None,
        days_behind=(now - until).days - 1 if until else None,
        runs=RunHistory(folder.runs).read(),
    )
    return replace(
        status,
        budget=_read_budget(settings, status.project),
        targets=_read_targets(settings),
    )


def _read_targets(settings: Settings) -> tuple[TargetRecord, ...]:
    with suppress(ConfigError):  # `mp publish` and `mp doctor` report what is wrong
        return tuple(
            read_target_record(settings.folder, name) or TargetRecord(name)
            for name in target_names(settings)
        )
    return ()


def _read_budget(settings: Settings, project: tuple[str, str] | None) -> dict[str, dict[str, int]]:
    if project is None:
        return {}
    project_id, region = project
    hourly_limit = settings.fixed_hourly_limit
    budget = RateLimiter(
        settings.folder.budget, project_id=project_id, region=region, hourly_limit=hourly_limit
    )
    with suppress(StorageError):  # a folder that can't be written still has a status
        return budget.state()
    return {}


def status_of(
    ledger: Ledger,
    *,
    data_dir: Path,
    read_from: str,
    published_at: datetime | None,
    now: date,
    since: date | None = None,
) -> Status:
    """Return the status of a ledger on the date ``now``; ``since`` is the configured first day.
    Pure."""
    records = ledger.days.values()
    of_events = sum(record.rejected_count for record in records)
    increment = ledger.reads.get((USERS.kind, USERS.part))
    return Status(
        data_dir=data_dir,
        read_from=read_from,
        project=ledger.projects[0] if ledger.projects else None,
        days=len(ledger.days),
        first=min(ledger.days, default=None),
        last=max(ledger.days, default=None),
        gaps=tuple(contiguous(gap_days(ledger, now))),
        events=sum(record.row_count for record in records),
        late=sum(record.late_count for record in records),
        latest=max(
            (record for record in records if record.newest_arrival),
            key=lambda record: record.newest_arrival or ONE_DAY,
            default=None,
        ),
        rejected={"events": of_events, **ledger.rejected_profiles}
        if of_events
        else ledger.rejected_profiles,
        repaired=ledger.repaired,
        profiles=ledger.profile_counts.get("") if ledger.profiles else None,
        group_profiles={key: count for key, count in ledger.profile_counts.items() if key},
        last_snapshot=ledger.profiles.fetched_at if ledger.profiles else None,
        last_increment=increment.fetched_at if increment else None,
        last_run=ledger.newest_fetch,
        published_at=published_at,
        complete_up_to=complete_up_to(ledger, now, since=since),
        records=tuple(ledger.days[day] for day in sorted(ledger.days)),
        empty_newest_days=_empty_newest_days(ledger),
    )


def _empty_newest_days(ledger: Ledger) -> int:
    newest_first = sorted(ledger.days, reverse=True)
    return sum(1 for _ in takewhile(lambda day: not ledger.days[day].row_count, newest_first))


def complete_up_to(ledger: Ledger, now: date, *, since: date | None = None) -> date | None:
    """Return the last day before ``now`` up to which all days are complete that should be; None if
    the first one is not.

    The first one is ``since``, or the first that a run was to fetch if that is later or ``since`` is
    None.
    """
    first = max(filter(None, [_first_day(ledger), since]), default=None)
    if not ledger.days or first is None or first >= now:
        return None
    # Gaps are oldest first, and every day before the first of them is complete.
    last = next((day for day in gap_days(ledger, now) if day >= first), now) - ONE_DAY
    return last if last >= first else None


def _first_day(ledger: Ledger) -> date | None:
    return min(filter(None, [ledger.wanted_from, min(ledger.days, default=None)]), default=None)


def gap_days(ledger: Ledger, now: date) -> list[date]:
    """Return the days before ``now`` that should be complete and are not."""
    first = _first_day(ledger)
    if first is None or first >= now:
        return []
    days = Window(first, now - ONE_DAY).days()
    return [day for day in days if day not in ledger.days or not ledger.days[day].is_complete()]


def day_rows(records: Iterable[DayRecord]) -> list[dict[str, Any]]:
    """Return a row for each day: events now and before the last fetch, late ones, and their
    delay.

    Args:
        records: Days, as in ``Status.records``.
    """
    return [
        {
            "day": record.day,
            "events": record.row_count,
            "events_before": record.previous_row_count,
            "late_events": record.late_count,
            "newest_arrival": record.max_processed_at,
            "days_after": _days_after(record),
            "rejected_lines": record.rejected_count,
            "fetched_at": record.fetched_at,
            "complete": record.is_complete(),
        }
        for record in records
    ]


def _arrival(record: DayRecord | None) -> dict[str, Any] | None:
    return {"day": _iso(record.day), "days_after": _days_after(record)} if record else None


def _days_after(record: DayRecord) -> float:
    """Return the days from the end of the day to its newest event; 0 if that arrived within the
    day."""
    return round((record.newest_arrival or 0 * ONE_DAY) / ONE_DAY, 1)


def _iso(moment: date | datetime | None) -> str | None:
    if isinstance(moment, datetime):  # the ledger has UTC, without a zone
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat() if moment else None
