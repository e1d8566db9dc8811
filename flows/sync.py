"""Mixpanel → DuckDB → dbt → the published file, as Prefect flows: ``mp sync`` with each step
visible in the UI.

``sync`` is the daily run, ``backfill`` fetches past days over many runs, ``build`` fetches nothing.
With a server: flows/prefect.yaml. Without one, from the project's folder: ``python flows/sync.py``.
The package decides which days to fetch, what is complete and what to retry. The flows only call the
steps in order.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # Ctrl-C also ends the run's own server, so a minute of retries against it is useless.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")

from prefect import flow, runtime, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from pydantic import Field

from mixpanel_data.auth import find_credentials
from mixpanel_data.cli.errors import show_error, worst_code
from mixpanel_data.cli.output.progress import LineProgress
from mixpanel_data.cli.output.summary import summary_lines, warning_lines
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import Landed, Only, Range, Sync, Window, exclusive

LOCK_WAIT_SECONDS = 600.0
"""Nobody restarts a scheduled run, so it waits while another process works in the data folder."""

ARTIFACT = "mixpanel-sync"

# No retries: the package retries where that can help, within the request budget; a retry of a task
# would repeat requests that it gave up. No cache and no stored results: the ledger alone records
# what is loaded.
step = partial(task, cache_policy=NO_CACHE, persist_result=False)


@dataclass
class Steps:
    """The run, and what one step passes to the next."""

    job: Sync
    landed: list[Landed] = field(default_factory=list)
    """The files of the last ``land``: also a failed one has files."""


# Tasks take the run from here and not as a parameter, since it has the secret, and Prefect inspects
# parameters.
_steps: ContextVar[Steps] = ContextVar("steps")


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first}..{last}"


def _named_by_windows() -> str:
    """Return the name of a task run: its verb and its days, such as ``land 2026-11-20..24``."""
    name = str(runtime.task_run.get_task_name())
    given = runtime.task_run.get_parameters()
    windows = [getattr(part, "window", part) for part in next(iter(given.values()), ())]
    if not windows:
        return name
    return f"{name} {_days(min(w.first for w in windows), max(w.last for w in windows))}"


@step
def plan(wanted: Range) -> list[Window]:
    """The windows that are not requested yet; an empty list when all are."""
    return _steps.get().job.extraction.next_windows(wanted)


@step(task_run_name=_named_by_windows)
def land(windows: list[Window]) -> None:
    """Land a package of verified files.

    A failed window fails the task, and does not affect others: their files are loaded.
    """
    steps = _steps.get()
    with _failing(steps.job):
        steps.landed = steps.job.extraction.land_package(windows)


@step(name="land profiles")
def land_profiles() -> None:
    """Land the profiles that are due: all of them, or those seen since the last read."""
    steps = _steps.get()
    with _failing(steps.job):
        steps.landed = steps.job.extraction.land_profiles()


@step(task_run_name=_named_by_windows)
def load(files: list[Landed]) -> None:
    """Load the files and their ledger rows in one transaction."""
    job = _steps.get().job
    with _failing(job):
        job.load(files)


@step(name="build")
def transform() -> None:
    """Run dbt over the days that changed, as a process of its own."""
    _steps.get().job.build()


@step
def publish() -> None:
    """Put a verified copy of the built file in place of the published one."""
    _steps.get().job.publish()


@step(name="copy to target", task_run_name="copy to {target}")
def copy_to(target: str) -> None:
    """Copy the publication to a publish target. A failure does not affect other targets."""
    job = _steps.get().job
    with _failing(job):
        job.copy_to(target)


@step
def report() -> None:
    """Create an artifact: the summary of ``mp sync``, and a row for each day."""
    done = _steps.get().job.finish()
    lines = [
        *warning_lines(done),
        *summary_lines(done),
        *(f"{error.code}: {error}" for error in (*done.failures, *done.failed_copies)),
    ]
    create_table_artifact(
        key=ARTIFACT,
        table=done.to_dict()["days"],
        description="\n".join(f"- {visible(line)}" for line in lines),
    )


class RecordedFailures(ExceptionGroup[MixpanelDataError]):
    """Failures that the run's report has: the flow continues, and raises them at its end."""

    def derive(self, errors: Sequence[MixpanelDataError]) -> "RecordedFailures":
        """Return a group of the same type."""
        return RecordedFailures(self.message, errors)


@contextmanager
def _failing(job: Sync) -> Iterator[None]:
    """Raise the failures that the job records during the block, so that the task is Failed."""
    before = [*job.report.failures, *job.report.failed_copies]
    yield
    after = [*job.report.failures, *job.report.failed_copies]
    if failures := [error for error in after if error not in before]:
        raise RecordedFailures(str(failures[0]), failures)


class Log(LineProgress):
    """Logs what ``mp sync`` prints into a pipe, dbt's nodes, and each failure as an error."""

    def building(self, what: str) -> None:
        """Log the step of the build, such as ``model events``."""
        print(visible(f"building {what}"))

    def failed(self, error: MixpanelDataError) -> None:
        """Log an error; the run continues if it can."""
        _logger().error("%s", visible(f"{error.code}: {error}"))


def _logger() -> "logging.Logger | logging.LoggerAdapter[Any]":
    try:
        return get_run_logger()
    except MissingContextError:  # without Prefect around it
        return logging.getLogger(__name__)


def _name_run(name: str) -> None:
    """Name the flow's run after its days, which are known only now."""
    if runtime.flow_run.id:
        with get_client(sync_client=True) as client:
            client.update_flow_run(runtime.flow_run.id, name=name)


def _run(
    name: str,
    *,
    first: date | None = None,
    last: date | None = None,
    only: Only | None = None,
    fetch: bool = True,
    build: bool = True,
    account: str | None = None,
    max_requests: int | None = None,
    **options: Any,
) -> Sync:
    """Run the job step by step, and return it. ``options`` are those of ``Sync``."""
    settings = load_settings()
    credentials = find_credentials(settings, account).credentials if fetch else None
    log = Log()
    # The folder's lock excludes every other writer. Prefect's limits can't: `mp` does not use them,
    # and without a server they don't exist.
    with exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS, on_locked=log.locked):
        job = Sync(settings, credentials, progress=log, **options)
        _steps.set(Steps(job))
        with job.attempt():
            try:
                if build:
                    job.check_variables()
                    targets = job.targets()  # a wrong setting costs no request
                if fetch:
                    wanted = job.begin(first, last)
                    _name_run(f"{name} {_days(wanted.first, wanted.last)}")
                    _fetch(job, wanted, only=only, build=build, max_requests=max_requests)
                else:
                    job.begin_without_fetch()
                if build and job.needs_build():
                    transform()
                if build and job.needs_publication():
                    publish()
                if build and settings.folder.published.is_file():
                    for target in targets:
                        with suppress(RecordedFailures):
                            copy_to(target)
            except Exception:  # an interrupted run writes no report: no one waits for it
                report()
                raise
            report()
    return job


def _fetch(
    job: Sync, wanted: Range, *, only: Only | None, build: bool, max_requests: int | None
) -> None:
    if only != "profiles":
        if build:
            job.warn_of_unknown_events()
        while windows := plan(wanted):
            if max_requests is not None:
                left = max_requests - job.report.requests
                if left <= 0:
                    break
                windows = windows[:left]
            _land_and_load(partial(land, windows))
    if only != "events":
        _land_and_load(land_profiles)


def _land_and_load(landing: Callable[..., Any]) -> None:
    # A failed task has landed its other files, and they are loaded.
    with suppress(RecordedFailures):
        landing()
    with suppress(RecordedFailures):
        load(_steps.get().landed)


@flow(name="sync", flow_run_name="sync", log_prints=True)
def sync(
    first: date | None = None,
    last: date | None = None,
    refetch: bool = False,
    only: Only | None = None,
    build: bool = True,
    account: str | None = None,
    reload_days: Annotated[int, Field(ge=0)] | None = None,
    full_profiles: bool = False,
) -> None:
    """Fetch what is missing and the look-back days, build and publish.

    Parameters are those of ``mp sync``. What arrived is loaded and published even if other days
    failed; then the run fails and names the missing days.

    Args:
        first: First day, in the days of the project's export. Empty: what is missing since the
            start date.
        last: Last day, included. Empty: yesterday.
        refetch: Fetch complete days, too.
        only: Fetch events or profiles only. Empty: both.
        build: Run dbt and publish.
        account: Name of an account of `mp auth`. Empty: the one in force.
        reload_days: The number of recent days to refetch for late events. Empty: the setting's.
        full_profiles: Read all profiles, not only those seen since the last read.
    """
    job = _run(
        "sync",
        first=first,
        last=last,
        only=only,
        build=build,
        account=account,
        refetch=refetch,
        reload_days=reload_days,
        full_profiles=full_profiles,
    )
    job.report.raise_failures()


@flow(name="backfill", flow_run_name="backfill", log_prints=True)
def backfill(
    start: date,
    end: date,
    max_requests_per_run: Annotated[int, Field(ge=1, le=60)] = 50,
    newest_first: bool = True,
    build: bool = True,
    account: str | None = None,
) -> None:
    """Fetch the missing days of a period, a part in each run, until all are complete.

    Schedule it every hour or so: a run with nothing left to fetch ends at once. It leaves the rest
    of the hour's requests to others.

    Args:
        start: First day, in the days of the project's export.
        end: Last day, included.
        max_requests_per_run: Export requests of one run. Mixpanel permits 60 an hour.
        newest_first: Begin with the newest missing days.
        build: Run dbt and publish at the end of each run that fetched something.
        account: Name of an account of `mp auth`. Empty: the one in force.
    """
    if start > end:
        raise ConfigError(f"The first day, {start}, is after the last, {end}.")
    job = _run(
        "backfill",
        first=start,
        last=end,
        only="events",
        build=build,
        account=account,
        max_requests=max_requests_per_run,
        oldest_first=not newest_first,
    )
    left = job.extraction.preview(start, end)
    days = (end - start).days + 1
    print(
        f"{days - left.days_due} of {days} days are complete"
        + (f"; about {len(left.requests)} requests are left." if left.days_due else ".")
    )
    job.report.raise_failures()


@flow(name="build", flow_run_name="build", log_prints=True)
def build() -> None:
    """Build and publish what is loaded, without any request: after a change of models or
    variables."""
    _run("build", fetch=False)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the flow and return an exit code of ``mp``; ``arguments`` are those of ``--help``."""
    parser = argparse.ArgumentParser(description=sync.description, allow_abbrev=False)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--refetch", action="store_true", help="fetch complete days, too")
    parser.add_argument("--only", choices=("events", "profiles"))
    parser.add_argument("--account", metavar="NAME")
    options = parser.parse_args(arguments)
    # The default action would end this process at once and leave Prefect's server running without a
    # parent.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    failures: Sequence[Exception] = ()
    try:
        sync(
            first=options.first,
            last=options.last,
            refetch=options.refetch,
            only=options.only,
            account=options.account,
        )
    except* MixpanelDataError as group:
        failures = group.exceptions
    for error in failures:
        show_error(error)
    return worst_code(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
