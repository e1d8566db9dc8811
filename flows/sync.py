"""Mixpanel → DuckDB → dbt → the published file, as a Prefect flow: ``mp sync`` with each step to be seen in the UI.

With a server: flows/prefect.yaml. Without one, from the project's folder: ``python flows/sync.py``.
Which days, what is whole and what to try again is decided in the package; here stands only the order.
"""

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
    # Of the run's own server, which Ctrl-C ends too: a minute of asking for it again brings nothing.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "2")

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from mixpanel_data.auth import resolve
from mixpanel_data.cli.errors import show_error, worst_code
from mixpanel_data.cli.output.progress import Lines
from mixpanel_data.cli.output.summary import summary_lines
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import MixpanelDataError
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import Landed, Only, Range, Sync, Window, exclusive

LOCK_WAIT_SECONDS = 600.0
"""A scheduled run has nobody beside it who would start it again: it waits for whoever is at work in the folder."""

ARTIFACT = "mixpanel-sync"

# No retries: the package tries again what a second try may help, within the request budget; a task's would ask anew for
# what it gave up. No cache, no kept results: what is loaded stands in the ledger, and nowhere else.
step = partial(task, cache_policy=NO_CACHE, persist_result=False)

# Tasks take the run from here and not as a parameter: it knows the secret, and Prefect looks into parameters.
_job: ContextVar[Sync] = ContextVar("job")


@step
def plan(wanted: Range) -> list[Window]:
    """The requests still to be made; none when all were."""
    return _job.get().extraction.next_windows(wanted)


@step
def land(windows: list[Window]) -> list[Landed]:
    """A package of verified files. A window that did not arrive whole is noted, and the others go on."""
    return _job.get().extraction.land(windows)


@step(name="land profiles")
def land_profiles() -> list[Landed]:
    """The verified files of the profiles that are due: all, or those seen since the last read."""
    return _job.get().extraction.land_profiles()


@step
def load(files: list[Landed]) -> None:
    """The files' rows and their ledger rows, in one transaction."""
    _job.get().load(files)


@step(name="build")
def transform() -> None:
    """dbt, as a process of its own, over the days that changed."""
    _job.get().build()


@step
def publish() -> None:
    """The built file, put where readers open it."""
    _job.get().publish()


@step
def report() -> None:
    """An artifact: a row for each day, and above them what ``mp sync`` says at its end."""
    done = _job.get().finish()
    said = [*summary_lines(done), *(f"{error.code}: {error}" for error in done.failures)]
    create_table_artifact(
        key=ARTIFACT,
        table=done.to_dict()["days"],
        description="\n".join(f"- {visible(line)}" for line in said),
    )


class Log(Lines):
    """What ``mp sync`` prints into a pipe, and each failure as it happens; Prefect makes log lines of it."""

    def failed(self, error: MixpanelDataError) -> None:
        """Something did not come; the run goes on if it can."""
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
    """Bring what is missing, and the look-back days again; build and publish. Parameters as of ``mp sync``.

    What arrived is loaded and published even when something else did not; the run fails all the same, and says which
    days are missing.
    """
    settings = load_settings()
    credentials = resolve(settings, account).credentials
    # The lock of the folder holds off every writer, by whatever door. Prefect's own limits can't: `mp` knows nothing of
    # them, and without a server they don't exist.
    with exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS):
        job = Sync(settings, credentials, progress=Log(), refetch=refetch)
        _job.set(job)
        try:
            wanted = job.begin(first, last)
            if only != "profiles":
                while windows := plan(wanted):
                    load(land(windows))
            if only != "events":
                load(land_profiles())
            if build and job.needs_build():
                transform()
            if build and job.needs_publication():
                publish()
        except Exception:  # not an interrupt: whoever stops a run waits for no report
            report()
            raise
        report()
    job.report.raise_failures()


def main() -> int:
    """Run the flow, and say how it ended by an exit code of ``mp``."""
    # Left alone, it would end this process at once, and leave Prefect's own server behind, without a parent.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    failures: Sequence[Exception] = ()
    try:
        sync()
    except* MixpanelDataError as group:
        failures = group.exceptions
    for error in failures:
        show_error(error)
    return worst_code(failures)


if __name__ == "__main__":
    sys.exit(main())
