"""End to end: ``python flows/sync.py`` in the project's folder, and nothing else running."""

import subprocess
import sys
import time

import psutil
import pytest

from mixpanel_data.sandbox import Fault, FaultKind

from .conftest import ROOT, SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
def start(outside, account, tmp_path):
    """Starts the flow with its output in a file. It ends with the test, with any outcome."""
    started = []

    def begin() -> subprocess.Popen:
        with (tmp_path / "output.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "flows/sync.py"],
                    cwd=ROOT, env=outside | account, stdout=log, stderr=subprocess.STDOUT,
                )
            )  # fmt: skip
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


@pytest.fixture
def output(tmp_path):
    return lambda: (tmp_path / "output.log").read_text(encoding="utf-8")


def test_it_runs_and_publishes_and_keeps_no_secret(start, output, published, served, tmp_path):
    code = start().wait()

    assert code == 0, output()
    assert published() == served
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "prefect.db" for file in files)
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


@pytest.mark.usefixtures("used_prefect_home")
def test_a_day_that_stays_faulty_fails_it_and_the_others_are_published(
    start, output, break_day, published, served, days
):
    break_day(days[0])

    code = start().wait()

    there = published()
    assert code == 6, output()
    assert f"These days are missing: {days[0]}" in output()
    assert days[-1] in there
    assert days[0] not in there
    assert there.items() <= served.items()


@pytest.mark.usefixtures("used_prefect_home")
def test_a_stopped_run_leaves_no_process_behind(start, output, shop):
    shop.faults.add(Fault(FaultKind.STALL_BEFORE_HEADERS, times=None, seconds=300))
    process = start()
    while not list(shop.requests):
        assert process.poll() is None, output()
        time.sleep(0.2)
    children = psutil.Process(process.pid).children(recursive=True)

    process.terminate()

    assert process.wait() == 128 + 15, output()
    assert children
    assert psutil.wait_procs(children, timeout=60)[1] == []
