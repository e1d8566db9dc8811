"""Mixpanel → DuckDB → dbt → the published file, as a Prefect flow: ``mp sync`` with each step
visible in the UI.

With a server: flows/prefect.yaml. Without one, from the project's folder: ``python flows/sync.py``.
The package decides which days to fetch, what is complete and what to retry. The flow only calls the
steps in order.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import date
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # Prefect reads these once, while it is imported
    os.environ.setdefault("PREFECT_HOME", str(Path(__file__).resolve().parents[1] / ".prefect"))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # Ctrl-C also ends the run's own server, so a minute of retries against it is useless.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from mixpanel_data.auth import find_credentials
from mixpanel_data.cli.errors import show_error, worst_code
from mixpanel_data.cli.output.progress import LineProgress
from mixpanel_data.cli.output.summary import summary_lines, warning_lines
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import Landed, Only, Range, Sync, Window, exclusive

LOCK_WAIT_SECONDS = 600.0
"""Nobody restarts a scheduled run, so it waits while another process works in the data folder."""

ARTIFACT = "mixpanel-sync"

# No retries: the package retries where that can help, within the request budget; a retry of a task
# would repeat requests that it gave up. No cache and no stored results: the ledger alone records
# what is loaded.
step = partial(task, cache_policy=NO_CACHE, persist_result=False)

# Tasks take the run from here and not as a parameter, since it has the secret, and Prefect inspects
# parameters.
_job: ContextVar[Sync] = ContextVar("job")


@step
def plan(wanted: Range) -> list[Window]:
    """The windows that are not requested yet; an empty list when all are."""
    return _job.get().extraction.next_windows(wanted)


@step
def land(windows: list[Window]) -> list[Landed]:
    """Land a package of verified files. A failed window is reported, and does not affect others."""
    return _job.get().extraction.land_package(windows)


@step(name="land profiles")
def land_profiles() -> list[Landed]:
    """Land the profiles that are due: all of them, or those seen since the last read."""
    return _job.get().extraction.land_profiles()


@step
def load(files: list[Landed]) -> None:
    """Load the files and their ledger rows in one transaction."""
    _job.get().load(files)


@step(name="build")
def transform() -> None:
    """Run dbt over the days that changed, as a process of its own."""
    _job.get().build()


@step
def publish() -> None:
    """Put a verified copy of the built file in place of the published one."""
    _job.get().publish()


@step(name="copy to target", task_run_name="copy to {target}")
def copy_to(target: str) -> None:
    """Copy the publication to a publish target. A failure is reported after the other targets."""
    _job.get().copy_to(target)


@step
def report() -> None:
    """Create an artifact: the summary of ``mp sync``, and a row for each day."""
    done = _job.get().finish()
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


class Log(LineProgress):
    """Prints what ``mp sync`` prints into a pipe, and each failure; Prefect logs both."""

    def failed(self, error: MixpanelDataError) -> None:
        """Print an error; the run continues if it can."""
        print(visible(f"{error.code}: {error}"), file=sys.stderr)


@flow(name="sync", log_prints=True)
def sync(
    first: date | None = None,
    last: date | None = None,
    refetch: bool = False,
    only: Only | None = None,
    build: bool = True,
    account: str | None = None,
) -> None:
    """Fetch what is missing and the look-back days, build and publish.

    Parameters are those of ``mp sync``. What arrived is loaded and published even if other days
    failed; then the run fails and names the missing days.
    """
    settings = load_settings()
    credentials = find_credentials(settings, account).credentials
    # The folder's lock excludes every other writer. Prefect's limits can't: `mp` does not use them,
    # and without a server they don't exist.
    with exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS):
        job = Sync(settings, credentials, progress=Log(), refetch=refetch)
        _job.set(job)
        try:
            if build:
                job.check_variables()
                job.targets()  # a wrong setting costs no request
            wanted = job.begin(first, last)
            if only != "profiles":
                if build:
                    job.warn_of_unknown_events()
                while windows := plan(wanted):
                    load(land(windows))
            if only != "events":
                load(land_profiles())
            if build and job.needs_build():
                transform()
            if build and job.needs_publication():
                publish()
            if build and settings.folder.published.is_file():
                for target in job.targets():
                    copy_to(target)
        except Exception:  # an interrupted run writes no report: no one waits for it
            report()
            raise
        report()
    job.report.raise_failures()


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
