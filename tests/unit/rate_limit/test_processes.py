"""Real processes on the real clock."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data.exceptions import RateLimitError
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind
from mixpanel_data.sandbox.limits import EXPORT, QUERY

from .conftest import answered

PROGRAMS = Path(__file__).parents[2] / "support" / "budget"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program of tests/support/budget; what still runs at the end is killed."""
    running = []

    def begin(program: str, *arguments: object) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [sys.executable, str(PROGRAMS / program), *map(str, arguments)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def most_at_once(sandbox: Sandbox) -> int:
    """The requests that were under way when most were."""
    calls = [(call.started_at, call.finished_at) for call in sandbox.requests]
    return max(sum(one <= start < (end or start) for one, end in calls) for start, _ in calls)


def test_promise_6_processes_and_threads_together_keep_three_a_second(start, folder):
    with Sandbox(rate_limits=True) as sandbox:
        processes = [start("asking.py", folder, sandbox.base_url, "export", 2, 2) for _ in range(3)]
        outputs = [process.communicate(timeout=60)[0] for process in processes]

        assert outputs == [""] * 3
        assert [call.status for call in sandbox.requests] == [200] * 12
        begun = sorted(call.started_at for call in sandbox.requests)
    assert EXPORT.per_second == 3
    # Every burst of three is over a second after the one before, and none much later: the limit is used.
    assert 3.0 < begun[-1] - begun[0] < 12


def test_promise_6_processes_and_threads_together_keep_five_queries_at_once(start, folder):
    with Sandbox(rate_limits=True) as sandbox:
        sandbox.faults.add(
            Fault(FaultKind.STALL, path="/api/query/engage", seconds=0.2, times=None)
        )
        processes = [start("asking.py", folder, sandbox.base_url, "query", 3, 2) for _ in range(4)]
        outputs = [process.communicate(timeout=60)[0] for process in processes]

        assert outputs == [""] * 4
        assert [call.status for call in sandbox.requests] == [200] * 24
        assert most_at_once(sandbox) <= QUERY.concurrent == 5


def test_promise_6_a_killed_process_leaves_its_places_and_its_requests_count(start, folder):
    holder = start("holding.py", folder, "query", 5)
    assert holder.stdout
    assert holder.stdout.readline() == "holding 5\n"
    budget = RateLimiter(folder, project_id="1", region="us", max_wait=0, sleep=lambda _: None)
    clock = time.monotonic()

    def impatient() -> None:
        while time.monotonic() < clock + 60:
            budget("query")

    with pytest.raises(RateLimitError, match="one of 5 query requests in flight to end"):
        impatient()
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    answered(budget, "query")
    assert budget.spent("query") == 6


def test_promise_6_killed_exports_on_their_way_block_other_processes_briefly(start, folder):
    holder = start("holding.py", folder, "export", 3)
    assert holder.stdout
    assert holder.stdout.readline() == "holding 3\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    begun = time.monotonic()

    answered(RateLimiter(folder, project_id="1", region="us"))

    assert 0.5 < time.monotonic() - begun < 10


def test_a_wait_can_be_interrupted(folder, monkeypatch):
    budget = RateLimiter(folder, project_id="1", region="us", hourly_limit=1, max_wait=7200)
    answered(budget)
    interrupt = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    begun = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        budget("export")

    assert time.monotonic() - begun < 10


def test_promise_6_a_hundred_exports_are_under_way_at_most(budget):
    process = budget(hourly_limit=500, max_wait=0)
    permits = []
    for _ in range(100):
        permits.append(process("export"))
        permits[-1]._record.mark_sent()

    with pytest.raises(RateLimitError, match="one of 100 export requests in flight to end"):
        process("export")
    permits[42]._release()
    process("export")
