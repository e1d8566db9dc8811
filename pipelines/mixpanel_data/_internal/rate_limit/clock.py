"""The limiter's clock. It never runs faster than true time, even if the wall clock is changed.

Between restarts of the machine it is the kernel's time since the start, which can't be set and
includes suspended time. Across a restart only the wall clock is left. It is trusted up to the
machine's uptime, which is always less than the time that passed, and beyond that once it has
advanced by more than any wrong time zone explains.
"""

import functools
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MAX_ZONE_ERROR_SECONDS = 14 * 3600.0
"""Seconds. The largest error of a wall clock that was set to the time of another zone."""


@dataclass(frozen=True)
class Reading:
    """All clocks of a machine at one moment: seconds since its start, and since the epoch."""

    machine: str
    boot: str
    uptime: float
    wall: float


Clock = Callable[[], Reading]


def read_clock() -> Reading:
    """Read the clocks of this machine."""
    machine, boot = _this_boot()
    return Reading(machine, boot, _uptime(), time.time())


def elapsed(before: Reading, now: Reading) -> float:
    """Return the seconds that have certainly passed; fewer if that is unknown.

    On another machine (a shared disk, a moved container) both wall clocks are assumed to agree.
    """
    if now.boot == before.boot and now.uptime >= before.uptime:
        return now.uptime - before.uptime
    by_wall = max(0.0, now.wall - before.wall)
    if now.machine != before.machine:
        return by_wall
    return max(min(by_wall, now.uptime), by_wall - MAX_ZONE_ERROR_SECONDS)


def _uptime() -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@functools.cache
def _this_boot() -> tuple[str, str]:
    machine = platform.node()
    try:
        return machine, Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        # Except on Linux, only the uptime shows a restart. One that it does not show counts as no
        # time.
        return machine, machine
