"""Mixpanel → DuckDB → dbt → the published file, as Prefect flows: ``mp sync`` with each step
visible in the UI.

``sync`` is the daily run, ``backfill`` fetches past days over many runs, ``build`` fetches nothing.
With a server: flows/prefect.yaml. Without one, from the project's folder: ``python flows/sync.py``.
The package decides which days to fetch, what is complete and what to retry. The flows only call the
steps in order.
"""

import argparse
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # Ctrl-C also ends the run's own server, so a minute of retries against it is useless.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")

from prefect import flow, runtime, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.assets import Asset, materialize
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.events import emit_event
from prefect.exceptions import MissingContextError
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Failed, State
from pydantic import Field

from mixpanel_data.cli.errors import show_error, worst_code
from mixpanel_data.cli.output.progress import LineProgress
from mixpanel_data.cli.output.run_page import day_table, summary_page
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import ConfigError, MixpanelDataError, RateLimitError
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import Landed, Only, Range, Sync, Window, read_status
from mixpanel_data.sync import sync as run_job

LOCK_WAIT_SECONDS = 600.0
"""Nobody restarts a scheduled run, so it waits while another process works in the data folder."""

ARTIFACT = "mixpanel-sync"

LONG_RUN_DAYS = 10
"""A run of as many days has an artifact that shows how far it is."""

LONG_WAIT_SECONDS = 60.0

MOST_CHANGES = 100
"""The schema changes that an event lists; the table `schema_changes` has all."""

NODE_KINDS = ("model", "test", "seed", "snapshot")

# No retries: the package retries where that can help, within the request budget; a retry of a task
# would repeat requests that it gave up. No cache and no stored results: the ledger alone records
# what is loaded.
STEP: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False, "log_prints": True}
step = partial(task, **STEP)


class TaskSync(Sync):
    """The job, with each step as a task run. The order of the steps is that of ``mp sync``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Prepare a run; arguments are those of ``Sync``."""
        super().__init__(*arguments, **options)
        self.landed: list[Landed] = []
        """The files of the last ``land``: also a failed task has files."""
        self.error: Exception | None = None
        """What ended the run early."""
        self._nodes: dict[str, Future[bool]] = {}
        self._node_runs: list[PrefectFuture[Any]] = []
        _job.set(self)

    def begin(
        self, first: date | None = None, last: date | None = None, *, only: Only | None = None
    ) -> Range:
        """Begin the run, and name the flow run after its days, which are known only now."""
        wanted = super().begin(first, last, only=only)
        _name_run(_days(wanted.first, wanted.last))
        return wanted

    def plan(self, wanted: Range) -> list[Window]:
        """Return the next windows."""
        return plan(wanted)

    def land(self, windows: Sequence[Window]) -> list[Landed]:
        """Land a package. A failed task has landed its other files."""
        with suppress(RecordedFailures):
            land(windows)
        return self.landed

    def land_profiles(self) -> list[Landed]:
        """Land the profiles that are due."""
        with suppress(RecordedFailures):
            land_profiles()
        return self.landed

    def load(self, landed: Sequence[Landed]) -> None:
        """Load files, and record the raw tables as assets."""
        if landed:
            names = sorted({file.kind for file in landed} | {"_metadata"})
            with suppress(RecordedFailures):
                load.with_options(assets=[_raw(name) for name in names])(landed)

    def build(self) -> None:
        """Run dbt."""
        transform()

    def publish(self) -> None:
        """Publish, and record the tables as assets."""
        publish()
        if self.report.published:
            tables = [_published(name) for name in self.report.published.tables]
            record_tables.with_options(assets=tables)(self.report.published.tables)

    def copy_to(self, target: str) -> None:
        """Copy the publication to a target."""
        with suppress(RecordedFailures):
            copy_to(target)

    def start_node(self, what: str) -> None:
        """Start the task run of a model or test, which runs in dbt: a thread waits for its end."""
        if what not in self._nodes:
            self._nodes[what] = Future()
            self._node_runs.append(node.submit(what))

    def end_node(self, what: str, ok: bool) -> None:
        """End the task run of a model or test."""
        if (end := self._nodes.get(what)) and not end.done():
            end.set_result(ok)

    def end_nodes(self, ok: bool) -> None:
        """End the task runs of all nodes; ``ok`` is that of those whose end dbt did not print."""
        for what in self._nodes:
            self.end_node(what, ok)
        for run in self._node_runs:
            run.wait()

    def node_succeeded(self, what: str) -> bool:
        """Wait for the end of a node, and return True if it succeeded."""
        return self._nodes[what].result()


# Tasks take the run from here and not as a parameter, since it has the secret, and Prefect inspects
# parameters.
_job: ContextVar[TaskSync | None] = ContextVar("job", default=None)


def _current() -> TaskSync:
    job = _job.get()
    assert job  # noqa: S101  (a task outside of a run)
    return job


def _raw(table: str) -> Asset:
    return Asset(key=f"duckdb://raw/mixpanel/{table}")


def _published(table: str) -> Asset:
    return Asset(key=f"duckdb://mixpanel/main/{table}")


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first}..{last}"


def _named_by_windows() -> str:
    """Return the name of a task run: its verb and its days, such as ``land 2026-11-20..24``."""
    name = str(runtime.task_run.get_task_name())
    parts = list(next(iter(runtime.task_run.get_parameters().values()), ()))
    if any(getattr(part, "kind", "events") != "events" for part in parts):
        return f"{name} profiles"
    windows = [getattr(part, "window", part) for part in parts]
    if not windows:
        return name
    return f"{name} {_days(min(w.first for w in windows), max(w.last for w in windows))}"


@step(task_run_name="plan")
def plan(wanted: Range) -> list[Window]:
    """The windows that are not requested yet; an empty list when all are."""
    return Sync.plan(_current(), wanted)


@step(task_run_name=_named_by_windows)
def land(windows: Sequence[Window]) -> None:
    """Land a package of verified files.

    A failed window fails the task, and does not affect others: their files are loaded.
    """
    job = _current()
    with _failing(job):
        job.landed = Sync.land(job, windows)


@step(name="land profiles", task_run_name="land profiles")
def land_profiles() -> None:
    """Land the profiles that are due: all of them, or those seen since the last read."""
    job = _current()
    with _failing(job):
        job.landed = Sync.land_profiles(job)


@materialize(_raw("events"), by="dlt", task_run_name=_named_by_windows, **STEP)
def load(files: Sequence[Landed]) -> None:
    """Load the files and their ledger rows in one transaction."""
    job = _current()
    with _failing(job):
        Sync.load(job, files)
    for kind in {file.kind for file in files}:
        rows = sum(file.lines for file in files if file.kind == kind)
        _add_metadata(_raw(kind), {"rows": rows})


@step(name="build", task_run_name="build")
def transform() -> None:
    """Run dbt over the days that changed, as a process of its own."""
    job, ok = _current(), False
    try:
        Sync.build(job)
        ok = True
    finally:
        job.end_nodes(ok)


@step(task_run_name="{what}")
def node(what: str) -> State[Any] | None:
    """A model or test of dbt, from its start to its end.

    Fifty of them take half a second of processor time, a fiftieth of what a full build takes.
    """
    print(visible(f"building {what}"))
    ok = _current().node_succeeded(what)
    return None if ok else Failed(message=f"dbt: {what} failed; the log of the task build has why")


@step(task_run_name="publish")
def publish() -> None:
    """Put a verified copy of the built file in place of the published one."""
    Sync.publish(_current())


@materialize(
    _published("events"),
    by="dbt",
    name="record tables",
    task_run_name="record tables",
    asset_deps=[_raw(name) for name in ("events", "profiles", "_metadata")],
    **STEP,
)
def record_tables(rows: Mapping[str, int]) -> None:
    """Record the published tables as assets that come from the raw ones."""
    for table, count in rows.items():
        _add_metadata(_published(table), {"rows": count})


@step(name="copy to target", task_run_name="copy to {target}")
def copy_to(target: str) -> None:
    """Copy the publication to a publish target. A failure does not affect other targets."""
    job = _current()
    with _failing(job):
        Sync.copy_to(job, target)


@step(task_run_name="report")
def report() -> None:
    """Create artifacts: a row for each day, and the summary in Markdown."""
    job = _current()
    done, wanted = job.report, job.report.wanted
    name = f"{_flow_name()} {_days(wanted.first, wanted.last)}" if wanted else _flow_name()
    late = sum(day.late for day in done.days)
    text = f"{name}: {done.events:,} events in {len(done.days)} days, {late:,} of them late."
    _show(lambda: create_table_artifact(key=ARTIFACT, table=day_table(done), description=text))
    page = summary_page(name, done, error=job.error)
    _show(lambda: create_markdown_artifact(key=f"{ARTIFACT}-summary", markdown=page))


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
    """Logs what ``mp sync`` prints into a pipe, how far the run is, dlt's description of each load,
    dbt's nodes, and each failure as an error.

    A run of many days also has an artifact with the part of its days that is loaded.
    """

    def __init__(self) -> None:
        """Begin without days."""
        self._days = self._loaded = 0
        self._artifact: UUID | None = None

    def planned(self, days: int) -> None:
        """Note the number of days to fetch."""
        self._days = days

    def expected(self, requests: int, seconds: float) -> None:
        """Log the time that the rate limit asks for, if it is long."""
        if seconds >= LONG_WAIT_SECONDS:
            minutes = math.ceil(seconds / 60)
            print(f"{requests} more requests; the rate limit permits the last in {minutes} min")

    def loaded(self, file: Landed) -> None:
        """Log the rows of a file, and how many days of the run are loaded."""
        super().loaded(file)
        if file.kind == "events" and self._days:
            self._loaded += len(file.window)
            print(f"{self._loaded} of {self._days} days of this run are loaded")
            if self._days >= LONG_RUN_DAYS:
                _show(self._update)

    def _update(self) -> None:
        percent = 100 * self._loaded / self._days
        text = f"{self._loaded} of {self._days} days of this run are loaded."
        if self._artifact:
            update_progress_artifact(self._artifact, progress=percent, description=text)
        else:
            self._artifact = create_progress_artifact(
                progress=percent, key=f"{ARTIFACT}-progress", description=text
            )

    def load_info(self, text: str) -> None:
        """Log dlt's description of a load."""
        print(visible(text))

    def building(self, what: str) -> None:
        """Log the step of the build; a node such as ``model events`` is a task run."""
        if what.partition(" ")[0] in NODE_KINDS and runtime.task_run.get_id():
            _current().start_node(what)
        else:
            print(visible(f"building {what}"))

    def built(self, what: str, ok: bool) -> None:
        """End the task run of a node."""
        _current().end_node(what, ok)

    def failed(self, error: MixpanelDataError) -> None:
        """Log an error; the run continues if it can."""
        _logger().error("%s", visible(f"{error.code}: {error}"))


def _logger() -> "logging.Logger | logging.LoggerAdapter[Any]":
    try:
        return get_run_logger()
    except MissingContextError:  # without Prefect around it
        return logging.getLogger(__name__)


def _show(change: Callable[[], Any]) -> None:
    """Change something in the UI. A server that does not answer must not fail the run."""
    try:
        change()
    except Exception as error:  # noqa: BLE001  (httpx, and Prefect's errors of several bases)
        _logger().warning("Prefect's server did not take a part of this run's pages: %s", error)


def _flow_name() -> str:
    return str(runtime.flow_run.get_flow_name() or "sync")


def _add_metadata(asset: Asset, metadata: dict[str, Any]) -> None:
    with suppress(RuntimeError):  # without Prefect around it
        asset.add_metadata(metadata)


def _name_run(days: str) -> None:
    """Name the flow's run after the flow and its days."""

    def name() -> None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run, name=f"{_flow_name()} {days}")

    if run := runtime.flow_run.id:
        _show(name)


def _skip_missed_runs() -> None:
    """Cancel the scheduled runs of this deployment that are overdue: this run does their work.

    After an outage of the worker, one run catches up, and not one for each time of the schedule.
    """
    if not runtime.flow_run.id:
        return
    with get_client(sync_client=True) as client:
        this = client.read_flow_run(UUID(runtime.flow_run.id))
        if not (this.auto_scheduled and this.deployment_id):
            return
        overdue = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[this.deployment_id]),
            state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Scheduled", "Late"])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
        )
        for missed in client.read_flow_runs(flow_run_filter=overdue):
            # A schedule can have parameters of its own.
            if missed.auto_scheduled and missed.parameters == this.parameters:
                state = Cancelled(name="Skipped", message=f"The run {this.name} does its work.")
                client.set_flow_run_state(missed.id, state, force=True)


def _run(**options: Any) -> TaskSync:
    """Run ``mp sync`` step by step, and return the job. ``options`` are those of ``sync()``."""
    _job.set(None)
    _show(_skip_missed_runs)
    # The folder's lock excludes every other writer. Prefect's limits can't: `mp` does not use them,
    # and without a server they don't exist.
    try:
        run_job(**options, lock_wait_seconds=LOCK_WAIT_SECONDS, progress=Log(), job_type=TaskSync)
    except Exception as error:  # an interrupted run writes no report: no one waits for it
        if job := _job.get():
            job.error = error
            report()
        raise
    report()
    _show(_emit_events)
    return _current()


def _emit_events() -> None:
    """Emit events for automations of Prefect: whether the data are fresh, and schema changes."""
    if not runtime.flow_run.id:  # without Prefect around it
        return
    status = read_status(load_settings())
    project_id, region = status.project or ("none", "none")
    resource = {
        "prefect.resource.id": f"mixpanel-data.project.{region}.{project_id}",
        "prefect.resource.name": f"project {project_id} ({region})",
    }
    values = status.to_dict()
    shown = ("complete_up_to", "published_up_to", "days_behind", "gaps", "age_seconds")
    emit_event(
        event="mixpanel-data.fresh" if status.is_fresh else "mixpanel-data.not-fresh",
        resource=resource,
        payload={name: values[name] for name in shown},
    )
    report = _current().report
    if changes := report.schema_changes:
        emit_event(
            event="mixpanel-data.schema-change",
            resource=resource,
            payload={
                "summary": visible(report.schema_summary),
                "changes": [change.to_dict() for change in changes[:MOST_CHANGES]],
                "number": len(changes),
            },
        )


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
    complete = days - left.days_due
    text = f"{complete} of {days} days are complete" + (
        f"; requests left: about {len(left.requests)}." if left.days_due else "."
    )
    print(text)
    _show(
        lambda: create_progress_artifact(
            progress=100 * complete / days, key="mixpanel-backfill", description=text
        )
    )
    if all(isinstance(error, RateLimitError) for error in job.report.failures):
        job.report.failures.clear()  # not a failure: the next run goes on
    job.report.raise_failures()


@flow(name="build", flow_run_name="build", log_prints=True)
def build() -> None:
    """Build and publish what is loaded, without any request: after a change of models or
    variables."""
    _run(fetch=False)


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
