"""The job in one call, for programs and the command line."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mixpanel_data._internal.config import Credentials, find_credentials
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.planning.preview import Preview
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data._internal.streams.event_filter import EventFilter
from mixpanel_data._internal.text import parse_day
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sync.alerts import alerting
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS
from mixpanel_data.sync.engine import exclusive_catalog, refresh_ledger_copy
from mixpanel_data.sync.job import Only, Sync


def sync(
    *,
    first: date | str | None = None,
    last: date | str | None = None,
    only: Only | None = None,
    events: Sequence[str] = (),
    where: str | None = None,
    refetch: bool = False,
    reload_days: int | None = None,
    oldest_first: bool = False,
    full_profiles: bool = False,
    start_over: bool = False,
    build: bool = True,
    fetch: bool = True,
    account: str | None = None,
    data_dir: str | Path | None = None,
    max_wait: float | str | None = None,
    max_requests: int | None = None,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    progress: Progress = QUIET,
    job_type: type[Sync] = Sync,
) -> SyncReport:
    """Fetch the missing days of a Mixpanel project, load them, build the tables and publish them:
    ``mp sync``.

    Failed parts are in ``failures`` of the report, and all others are loaded and published. Publish
    targets with ``after_sync`` that could not get their copy are in ``failed_copies``. Call
    ``raise_failures()`` of the report to convert failures into an exception.

    Args:
        first: First day, a date or ``YYYY-MM-DD``, in the days of the project's export. None: the
            day after the last loaded one, or the start date of the settings.
        last: Last day, included. None: yesterday.
        only: ``"events"`` or ``"profiles"``; None: both.
        events: Names of the events to fetch; none: all.
        where: An expression of Mixpanel that the events must match.
        refetch: Fetch complete days, too.
        reload_days: The number of recent days to refetch for late events. None: the setting's.
        oldest_first: Fetch the oldest missing days first.
        full_profiles: Read all profiles, not only those seen since the last read.
        start_over: Start with an empty raw database; the old one is kept in the data folder.
        build: Run dbt and publish.
        fetch: Fetch and load. False: only build and publish what is loaded, without any request;
            no credentials are needed, and arguments about the fetch are refused.
        account: Name of an account of ``mp auth``. None: the one in force.
        data_dir: The data folder. None: the setting's.
        max_wait: The longest wait for the rate limit, in seconds or as ``"15m"``. None: the
            setting's.
        max_requests: The largest number of export requests; days that are left over are not
            failures, also if the rate limit ends the run after the first request. None: no limit
            but the rate limit.
        lock_wait_seconds: The longest wait while another process works in the data folder, or, with
            the engine spark, in the catalog.
        progress: Called at each step; see :class:`Progress`.
        job_type: A class derived from :class:`Sync`, whose methods are the steps of the run.

    Raises:
        ConfigError: if there are no credentials, the days can't be fetched, the data folder is of
            another project or time basis, a variable of the dbt models is wrong, or the arguments
            exclude each other.
        DatabaseLockedError: if another process works in the data folder or the catalog for longer
            than ``lock_wait_seconds``.
        DatabaseDamagedError, DatabaseMissingError: if the raw database can't be read, or is
            missing.
        StorageError: if there is no space, no permission, or not enough memory.
        MixpanelDataError: if dbt failed; the last publication is kept, and ``report`` of the error
            is the report of what was fetched and loaded.
    """
    settings = load_settings(data_dir=data_dir, max_wait=max_wait)
    return run_sync(
        settings,
        lambda: find_credentials(settings, account).credentials,
        first=first,
        last=last,
        only=only,
        events=events,
        where=where,
        refetch=refetch,
        reload_days=reload_days,
        oldest_first=oldest_first,
        full_profiles=full_profiles,
        start_over=start_over,
        build=build,
        fetch=fetch,
        max_requests=max_requests,
        lock_wait_seconds=lock_wait_seconds,
        progress=progress,
        job_type=job_type,
    )


def run_sync(
    settings: Settings,
    find: Callable[[], Credentials],
    *,
    first: date | str | None,
    last: date | str | None,
    only: Only | None,
    events: Sequence[str],
    where: str | None,
    refetch: bool,
    reload_days: int | None,
    oldest_first: bool,
    full_profiles: bool,
    start_over: bool,
    build: bool,
    fetch: bool,
    lock_wait_seconds: float,
    progress: Progress,
    max_requests: int | None = None,
    job_type: type[Sync] = Sync,
) -> SyncReport:
    """Run a sync with these settings. ``find`` is called for the credentials if there is a fetch.

    The other arguments, and the errors, are those of :func:`sync`.
    """
    if not fetch:
        _refuse_without_fetch(
            {
                "first": first,
                "last": last,
                "only": only,
                "events": events,
                "where": where,
                "refetch": refetch,
                "reload_days": reload_days is not None,
                "oldest_first": oldest_first,
                "full_profiles": full_profiles,
                "start_over": start_over,
                "build=False": not build,
            }
        )
    # Parsed before the lock: a typing error must not wait for another run, and is no alert.
    begin, end = _as_date(first), _as_date(last)
    with alerting(settings, progress=progress, only=only, build=build, fetch=fetch) as watch:
        credentials = find() if fetch else None
        job = job_type(
            settings,
            credentials,
            progress=progress,
            only=EventFilter(tuple(events), where),
            reload_days=reload_days,
            refetch=refetch,
            oldest_first=oldest_first,
            full_profiles=full_profiles,
            start_over=start_over,
            max_requests=max_requests,
        )
        watch.watch(job, credentials)
        # Before the first request: a typing error must not cost an hour's budget.
        if build:
            job.targets()
        # From the first look at the ledger to the publication, or two runs would fetch the same
        # days.
        wait, locked = lock_wait_seconds, progress.locked
        with (
            exclusive(settings.folder, wait_seconds=wait, on_locked=locked),
            exclusive_catalog(settings, wait_seconds=wait, on_locked=locked),
        ):
            report = job.run(first=begin, last=end, only=only, build=build, fetch=fetch)
        # Without the lock: a slow server must not keep the next sync from the data folder.
        if build:
            job.copy_to_targets()
        return report


def _refuse_without_fetch(given: dict[str, Any]) -> None:
    wrong = [name for name, value in given.items() if value]
    if wrong:
        raise ConfigError(
            f"A sync without a fetch only builds and publishes: leave out {', '.join(wrong)}.",
            details={"arguments": wrong},
        )


def plan(
    *,
    first: date | str | None = None,
    last: date | str | None = None,
    refetch: bool = False,
    reload_days: int | None = None,
    oldest_first: bool = False,
    account: str | None = None,
    data_dir: str | Path | None = None,
) -> Preview:
    """Return the requests that :func:`sync` would send for events, without sending any: ``mp
    plan``.

    Arguments are those of :func:`sync`.

    Args:
        first: First day, a date or ``YYYY-MM-DD``, in the days of the project's export.
        last: Last day, included. None: yesterday.
        refetch: Fetch complete days, too.
        reload_days: The number of recent days to refetch for late events. None: the setting's.
        oldest_first: Fetch the oldest missing days first.
        account: Name of an account of ``mp auth``. None: the one in force.
        data_dir: The data folder. None: the setting's.

    Raises:
        ConfigError: if there are no credentials, the days can't be fetched, the data folder is of
            another project, or a variable of the dbt models is wrong.
    """
    settings = load_settings(data_dir=data_dir)
    refresh_ledger_copy(settings)
    job = Sync(
        settings,
        find_credentials(settings, account).credentials,
        reload_days=reload_days,
        refetch=refetch,
        oldest_first=oldest_first,
    )
    # As a sync would, so that a plan does not promise what a sync refuses.
    job.check_variables()
    return job.extraction.preview(_as_date(first), _as_date(last))


def _as_date(day: date | str | None) -> date | None:
    return parse_day(day) if isinstance(day, str) or day is None else day
