"""A machine whose time the test sets, and limiters that run on it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mixpanel_data._internal.rate_limit.clock import Reading
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data.exceptions import RateLimitError

HOUR = 3600.0
START = 1_780_000_000.0  # on the wall


class Machine:
    """A machine: true time in ``now``, in seconds, and clocks that show it more or less. It passes when a limiter sleeps, or when the test sets it."""

    def __init__(self, rate: float = 1.0) -> None:
        self.now = 0.0
        self.skew = 0.0
        self.rate = rate
        self.machine_id = "one"
        self.boots = 1
        self.booted = -50_000.0
        self.slept: list[float] = []

    def clock(self) -> Reading:
        uptime = (self.now - self.booted) * self.rate
        return Reading(self.machine_id, f"boot {self.boots}", uptime, self.wall)

    @property
    def wall(self) -> float:
        return START + self.now * self.rate + self.skew

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds / self.rate

    def reboot(self, down: float) -> None:
        self.now += down
        self.booted = self.now
        self.boots += 1


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def reported() -> list[tuple[float, str]]:
    """The waits that a display got, with their reasons."""
    return []


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder that is not made yet, in memory where there is some: the speed of the disk is not tested here."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made) / "budget"


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of the budget."""
    with in_memory() as made:
        yield made


@pytest.fixture
def budget(
    machine: Machine, folder: Path, reported: list[tuple[float, str]]
) -> Callable[..., RateLimiter]:
    """One more process on the same data folder."""

    def make(**settings: Any) -> RateLimiter:
        values: dict[str, Any] = {
            "project_id": "1", "region": "us", "clock": machine.clock, "sleep": machine.sleep,
            "on_wait": lambda *wait: reported.append(wait), "max_wait": 900.0,
        }  # fmt: skip
        return RateLimiter(folder, **values | settings)

    return make


def answered(budget: RateLimiter, family: str = "export", error: Exception | None = None) -> None:
    """One request from its permit to the end of its answer."""
    try:
        with budget(family) as permit:
            if error:
                raise error
            permit.hold(_Answer()).close()
    except Exception as raised:
        if raised is not error:
            raise


def refused(
    retry_after: int | None = None, body: str = "Query rate limit exceeded"
) -> RateLimitError:
    """A 429 of Mixpanel's."""
    return RateLimitError("429", retry_after=retry_after, status_code=429, response_body=body)


class _Answer:
    """As much of a response as a permit looks at."""

    is_closed = True

    def close(self) -> None:
        """Nothing is held any more."""
