"""A run of a pipeline in a process of its own, which is killed at a point of it."""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from datetime import date

from mixpanel_data._internal.run import context
from support.crash.child import TODAY
from support.crash.points import Point, die
from support.places import Place


def run_and_die(place: Place, environment: Mapping[str, str], point: Point) -> int:
    """How the process ended, as ``subprocess`` has it: -9 when it was killed.

    A new process, not a fork: the threads of deltalake and Arrow, which an earlier test may have
    started, do not survive one, and the child would wait for them.
    """
    path = os.pathsep.join(part for part in sys.path if part)
    return subprocess.run(
        [sys.executable, "-m", "support.killed_load"],
        input=pickle.dumps((place, point)),
        env={**os.environ, **environment, "PYTHONPATH": path},
        check=False,
    ).returncode


def _today(*_: object) -> date:
    return TODAY


def _main() -> None:
    place, point = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  (from the test itself)
    context.today = _today  # type: ignore[assignment, attr-defined]
    point.arm(die)
    place.run()


if __name__ == "__main__":
    _main()
