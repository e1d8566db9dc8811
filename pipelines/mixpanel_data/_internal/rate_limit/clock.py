"""Time for the budget: it never runs faster than true time, whatever is done to the clock on the
wall.

Within one start of the machine it is the kernel's time since that start, which nobody can set and
which goes on while the machine sleeps. Over a restart only the wall clock is left: it is believed
as far as the machine has been up, which is always less than what passed, and beyond that once it
has moved on by more than any mistaken time zone.
"""

import functools
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MISTAKEN_ZONE = 14 * 3600.0
"""The farthest a wall clock is off because it was set by another zone's time, in seconds."""


@dataclass(frozen=True)
class Reading:
    """All clocks of a machine at one moment: seconds since its start, seconds since the epoch."""

    machine: str
    boot: str
    uptime: float
    wall: float


Clock = Callable[[], Reading]


def read_clock() -> Reading:
    """The clocks of this machine, now."""
    machine, boot = _this_boot()
    return Reading(machine, boot, _uptime(), time.time())


def elapsed(before: Reading, now: Reading) -> float:
    """Seconds that have passed for certain; where that can't be known, fewer.

    On another machine (a shared disk, a pod moved) both wall clocks are taken to agree.
    """
    if now.boot == before.boot and now.uptime >= before.uptime:
        return now.uptime - before.uptime
    by_wall = max(0.0, now.wall - before.wall)
    if now.machine != before.machine:
        return by_wall
    return max(min(by_wall, now.uptime), by_wall - MISTAKEN_ZONE)


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
        # Elsewhere than on Linux a restart shows by the uptime alone; one that does not show counts
        # as no time.
        return machine, machine
