"""``mp`` as a process that is left running, and in which something can happen at a named point.

It is a fork, if a process listens that has imported what `mp` does: see ``support.warm_mp``.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Never

from support import warm_dbt, warm_mp
from support.crash.points import Point, die
from support.in_shells.sitecustomize import SOCKET

Ended = subprocess.CompletedProcess[str]

THERE = "at-the-point"
"""A file that appears in the working directory when the point is reached."""

GO_ON = "go-on"
"""A file in the working directory for which "wait for file" waits."""


@dataclass
class Command:
    """How ``mp`` is started: its working directory and its settings."""

    cwd: Path
    env: Mapping[str, str]
    prepare: Callable[[], None] | None = None
    """Done in the process before it becomes ``mp``."""
    marts: bool = False
    """Whether it builds all tables; without, the core."""
    started: list["Running"] = field(default_factory=list)

    def start(self, *arguments: str, at: Point | None = None, event: str = "") -> "Running":
        """``mp`` with these arguments; at the point ``at`` happens what ``EVENTS`` has under the name ``event``."""
        code = (
            "from support.crash import command; from support.crash.points import Point; "
            f"command.{{}}({at!r}, {event!r}, marts={self.marts})"
        )
        env = self._variables()
        if not at and not self.prepare and SOCKET in os.environ:
            env[SOCKET] = os.environ[SOCKET]  # nothing happens that has to reach dbt, too
        process: subprocess.Popen[str] | warm_mp.Forked | None = None
        if not self.prepare:
            forked = code.format("staged_in_fork")
            process = warm_mp.fork(forked, ["-c", *arguments], env=env, cwd=self.cwd)
        if not process:
            here = f"import sys; sys.path[:] = {sys.path!r}; "
            process = subprocess.Popen(
                [sys.executable, "-c", here + code.format("staged"), *arguments],
                cwd=self.cwd,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=self.prepare,
            )
        self.started.append(Running(process))
        return self.started[-1]

    def _variables(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
        own = {"DO_NOT_TRACK": "1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
        return {**clean, **own, "MP_CONFIG_PATH": str(self.cwd / "accounts.toml"), **self.env}

    def at(self, folder: Path) -> "Command":
        """The same for another data folder."""
        return replace(self, env={**self.env, "MP_DATA_DIR": str(folder)})

    def close(self) -> None:
        """End what still runs."""
        for running in self.started:
            with running.process as process:
                process.kill()
                process.communicate()

    def run(self, *arguments: str, at: Point | None = None, event: str = "") -> Ended:
        """How ``mp`` with these arguments ended."""
        return self.start(*arguments, at=at, event=event).end()


@dataclass
class Running:
    """A command under way."""

    process: "subprocess.Popen[str] | warm_mp.Forked"

    def until(self, sign: Callable[[], object]) -> "Running":
        """Itself, once there is that sign; fails when it ends before."""
        while not sign():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)
        return self

    def stop(self, number: signal.Signals) -> Ended:
        """How it ended after this signal."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Ended:
        out, err = self.process.communicate()
        assert self.process.returncode is not None
        return Ended([], self.process.returncode, out, err)


def staged(point: Point | None, event: str, *, marts: bool) -> None:
    """``mp``, in which ``event`` happens at ``point``."""
    from mixpanel_data.cli import main

    if SOCKET in os.environ:
        warm_dbt.use()
    _stage(point, event, marts=marts)
    main()


def staged_in_fork(point: Point | None, event: str, *, marts: bool) -> Never:
    """The same in a fork."""
    warm_mp.run_command(lambda: _stage(point, event, marts=marts))


def _stage(point: Point | None, event: str, *, marts: bool) -> None:
    from support import core_models

    if not marts:
        core_models.leave_marts_out()
    if point:
        point.arm(EVENTS[event])


def _report(seconds: float = 0) -> None:
    Path(THERE).touch()
    time.sleep(seconds)


def _wait_for_file() -> None:
    _report()
    while not Path(GO_ON).exists():
        time.sleep(0.05)


def _no_room() -> None:
    """As with a quota that is used up: no file of this process, or of its children, may grow."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _full() -> None:
    """Another program fills the disk."""
    with Path(os.environ["MP_DATA_DIR"], "ballast").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return


EVENTS: dict[str, Callable[[], None]] = {
    "report": _report,
    "wait": lambda: _report(1),
    "hold": lambda: _report(3600),
    "wait for file": _wait_for_file,
    "die": die,
    "no room": _no_room,
    "full": _full,
}
