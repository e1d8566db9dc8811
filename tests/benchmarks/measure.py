"""Run a piece of work in a process of its own and say what it took."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Taken:
    """Seconds on the clock, seconds of processor, megabytes at the peak."""

    wall: float
    cpu: float
    rss: float
    result: dict[str, float]


def in_a_process(work: str, *arguments: object) -> Taken:
    """What ``work`` (a function of ``children``) took, in a process that does nothing else."""
    command = [sys.executable, str(HERE / "children.py"), work, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def report_itself(work: Callable[[], dict[str, float] | None]) -> None:
    """Do ``work`` here and print what it took, for ``in_a_process`` to read."""
    wall, cpu = time.perf_counter(), _cpu()
    result = work() or {}
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - wall,
                "cpu": _cpu() - cpu,
                "rss": _peak(),
                "result": result,
            }
        )
    )


def _peak() -> float:
    """Megabytes. The kernel's count for this program: rusage's still knows the size of the process it was forked from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _cpu() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def server(*arguments: object) -> Iterator[str]:
    """The address of a sandbox in a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, str(HERE / "children.py"), "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def spread(figures: Sequence[float], unit: str = "") -> str:
    """Minimum, median and maximum."""
    low, middle, high = min(figures), statistics.median(figures), max(figures)
    return f"{low:.2f} / {middle:.2f} / {high:.2f}{unit}"
