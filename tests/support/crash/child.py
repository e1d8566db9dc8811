"""One run in a process of its own, which can be killed at a point of it."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Never

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.extract import prefetch
from mixpanel_data._internal.planning import events
from mixpanel_data._internal.run import context
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.auth import Credentials
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync.job import Sync
from support import core_models, forking, warm_dbt
from support.crash.points import Point, die

TODAY = date(2026, 3, 11)
"""The project's today. The events lie on fixed days, so the clock of this machine does not matter."""


@dataclass(frozen=True)
class Run:
    """What to do, and where to die, or how many seconds after that, or after the start.

    ``first`` to ``last`` asks for those days also if they are loaded.
    """

    folder: Path
    base_url: str
    account: dict[str, str]
    start: date
    first: date | None = None
    last: date | None = None
    build: bool = False
    only_publish: bool = False
    point: Point | None = None
    seconds: float | None = None

    def dying(self, point: Point | None = None, *, seconds: float | None = None) -> "Run":
        return replace(self, point=point, seconds=seconds)


class ForkServer:
    """A process that has imported everything, and forks a child for every run: that saves a second each."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path[:] = {sys.path!r}; import support.crash.child as c; c.serve()",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, job: Run) -> int:
        """How the child that did ``job`` ended, as ``subprocess`` has it: -9 when it was killed."""
        assert self._process.stdin
        assert self._process.stdout
        pickle.dump(job, self._process.stdin)
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    """A fork server until the block ends."""
    with contextlib.closing(ForkServer()) as opened:
        yield opened


def serve() -> None:
    """Do what comes in by standard input, each in a child, and answer how it ended."""
    _warm_up()

    with contextlib.suppress(EOFError):
        while job := pickle.load(sys.stdin.buffer):  # noqa: S301  (from our own test)
            child = os.fork()
            if child == 0:
                _run_in_child(job)
            if job.seconds is not None and job.point is None:
                time.sleep(job.seconds)
                os.kill(child, signal.SIGKILL)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _warm_up() -> None:
    """A run before the first fork: what it imports and looks up once, every child has."""
    from support.crash.project import ChangingProject  # which needs this module

    with (
        TemporaryDirectory() as folder,
        Sandbox(today=TODAY) as sandbox,
        contextlib.redirect_stdout(sys.stderr),
    ):
        project = ChangingProject(sandbox)
        project.fill()
        _run(project.run(Path(folder) / "data"))
    forking.settle()


def _run_in_child(job: Run) -> Never:
    code = 1
    try:
        os.close(0)
        os.dup2(2, 1)  # only the parent answers
        _run(job)
        code = 0
    except BaseException:  # noqa: BLE001  (any error ends this child)
        traceback.print_exc()
    finally:
        os._exit(code)


def _today(_zone: object) -> date:
    return TODAY


def _run(job: Run) -> None:
    # Several windows and packages out of little data.
    events.LONGEST_WINDOW = 3
    prefetch.PACKAGE_FILES = 2
    core_models.leave_marts_out()
    warm_dbt.use()
    context.today = _today  # type: ignore[assignment, attr-defined]
    if job.point:
        job.point.arm(die if job.seconds is None else threading.Timer(job.seconds, die).start)
    settings = load_settings(
        {},
        data_dir=job.folder,
        api_base_url=job.base_url,
        start_date=job.start,
        profiles_snapshot_days=0,  # profiles without $last_seen, and deletions, come with snapshots only
    )
    credentials = Credentials(**job.account)  # type: ignore[arg-type]
    with (
        exclusive(settings.folder),
        MixpanelAPIClient(credentials, base_url=job.base_url, retry_wait_initial=0) as client,
    ):
        refetch = job.first is not None
        work = Sync(settings, credentials, client=client, refetch=refetch)
        if job.only_publish:
            work.publish()
        else:
            work.run(first=job.first, last=job.last, build=job.build).raise_failures()
