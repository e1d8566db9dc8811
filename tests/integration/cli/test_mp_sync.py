"""``mp sync`` that meets its budget, from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind

Mp = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset.sample(days=12, users=20)


@pytest.fixture
def sandbox(dataset) -> Iterator[Sandbox]:
    with Sandbox(dataset, rate_limits=True) as server:
        yield server


@pytest.fixture
def mp(sandbox, tmp_path) -> Mp:
    """Starts ``mp`` with a budget of one export an hour, over the last twelve days."""

    def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        days = sandbox.dataset.days()
        env = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
        env |= sandbox.env() | {
            "MP_DATA_DIR": str(tmp_path / "data"),
            "MP_START_DATE": str(days[0]),
            "MP_HOURLY_LIMIT": "1",
        }
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("mp")), *arguments],
            env=env | settings, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return start


def exports(sandbox) -> int:
    return sum(call.path.endswith("/export") for call in sandbox.requests)


def test_promise_6_a_spent_budget_ends_the_run_with_code_5_and_what_came_is_kept(mp, sandbox):
    first = mp("sync", "--no-build", "--max-wait", "0", "--format", "json")
    out, err = first.communicate(timeout=100)

    assert first.returncode == 5, err
    report = json.loads(out)
    [error] = report["failures"]
    assert error["code"] == "RATE_LIMITED"
    assert 3500 < error["details"]["retry_after"] <= 3604
    assert report["days_loaded"] > 0
    assert report["budget"]["export"] == {"spent": 1, "remaining": 0, "hourly_limit": 1}
    assert exports(sandbox) == 1

    second = mp("sync", "--no-build", MP_MAX_WAIT="15m")
    _, err = second.communicate(timeout=100)
    assert second.returncode == 5
    assert "at most 15 min" in err
    assert "Fetched data is kept" in err
    assert exports(sandbox) == 1

    more = mp("sync", "--no-build", "--format", "json", MP_HOURLY_LIMIT="60")
    out, err = more.communicate(timeout=100)
    assert more.returncode == 0, err
    assert json.loads(out)["days_missing"] == []


def test_promise_6_a_429_without_patience_ends_the_run_with_code_5(mp, sandbox):
    sandbox.faults.add(Fault(FaultKind.STATUS_429, times=None))

    run = mp("sync", "--no-build", "--only", "events", "--max-wait", "10s", MP_HOURLY_LIMIT="60")
    _, err = run.communicate(timeout=100)

    assert run.returncode == 5
    assert "stamina" not in err
    assert err.count("Error:") == 1
    assert "used up according to Mixpanel (429)" in err
    assert exports(sandbox) == 1


def test_a_wait_is_printed_and_ctrl_c_ends_it(mp):
    run = mp("sync", "--no-build", "--max-wait", "2h")
    lines = []
    assert run.stderr
    for line in run.stderr:
        lines.append(line)
        if line.startswith("waiting"):
            break
    assert lines[-1] == "waiting 1 h 1 min for the export budget (1 an hour)\n"
    begun = time.monotonic()
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)

    assert run.returncode == 130
    assert time.monotonic() - begun < 10


def test_a_length_of_time_that_is_none_is_a_bad_argument(mp):
    run = mp("sync", "--max-wait", "soon")
    _, err = run.communicate(timeout=60)

    assert run.returncode == 3
    assert "is not a duration" in err


@pytest.mark.e2e
def test_a_back_fill_that_is_repeated_goes_on_and_asks_for_no_complete_day_twice(mp, sandbox):
    days = sandbox.dataset.days()
    command = (
        "sync",
        "--from",
        str(days[0]),
        "--to",
        str(days[-1]),
        "--no-build",
        "--only",
        "events",
    )
    codes = []
    for limit in range(1, 9):
        run = mp(*command, "--max-wait", "0", MP_HOURLY_LIMIT=str(limit))
        run.communicate(timeout=100)
        codes.append(run.returncode)
        if not run.returncode:
            break
    asked = [
        str(day)
        for call in sandbox.requests.to("/api/2.0/export")
        for day in days
        if call.params["from_date"] <= str(day) <= call.params["to_date"]
    ]

    assert codes[0] == 5
    assert codes[-1] == 0
    assert sorted(asked) == sorted(map(str, days))

    before = exports(sandbox)
    assert mp(*command, MP_HOURLY_LIMIT="60").wait(timeout=100) == 0
    assert exports(sandbox) == before

    assert mp(*command, "--refetch", MP_HOURLY_LIMIT="60").wait(timeout=100) == 0
    assert exports(sandbox) > before
