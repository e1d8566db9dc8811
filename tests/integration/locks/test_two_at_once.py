"""Two programs in one data folder: the second waits, or says for whom it will not wait."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from integration.locks.conftest import House, assert_said
from support.crash.command import THERE
from support.crash.points import before
from support.reader import holding

from mixpanel_data.sandbox import Fault, FaultKind

INSIDE_A_LOAD = before("mixpanel_data.destinations.replace_events:_day_counts")
CHECKOUT = Path(__file__).parents[3]


@pytest.mark.e2e
def test_the_second_waits_and_both_end_right(house: House) -> None:
    first = house.mp.start(*house.everything, "--no-build", at=INSIDE_A_LOAD, event="wait")
    first.until(Path(house.mp.cwd, THERE).exists)

    second = house.mp.run(*house.everything, "--no-build", "--lock-wait", "120")

    assert first.end().returncode == 0
    assert second.returncode == 0, second.stderr
    assert house.raw() == house.truth(house.days)


def test_the_second_gives_up_and_names_the_first(house: House) -> None:
    first = house.mp.start(*house.everything, "--no-build", at=INSIDE_A_LOAD, event="hold")
    first.until(Path(house.mp.cwd, THERE).exists)

    second = house.mp.run(*house.everything, "--lock-wait", "0.3")

    who = f"process {first.process.pid} (-c sync --from {house.days[0]}"
    assert_said(second, 7, who, "since 20", str(house.folder))

    first.stop(signal.SIGKILL)
    house.assert_complete_after()


@pytest.mark.e2e
def test_a_run_that_was_killed_leaves_no_lock(house: House) -> None:
    first = house.mp.start(*house.everything, "--no-build", at=INSIDE_A_LOAD, event="hold")
    first.until(Path(house.mp.cwd, THERE).exists)
    first.stop(signal.SIGKILL)

    assert (house.folder / ".lock-holder.json").exists()  # it names a process that is no more
    assert house.mp.run(*house.everything, "--no-build", "--lock-wait", "0").returncode == 0


@pytest.mark.e2e
def test_dlts_door_gives_up_as_well_with_the_code_of_mp(house: House) -> None:
    with holding(house.folder / "raw.duckdb"):
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("dlt")), "pipeline", "mixpanel", "run"],
            cwd=house.mp.cwd,
            env={**os.environ, **house.mp.env},
            capture_output=True,
            text=True,
        )

    assert_said(ended, 7, "raw.duckdb is open in process")


@pytest.mark.e2e
def test_a_sync_beside_a_flow_names_it_and_the_flow_goes_on(
    house: House, used_prefect_home: Path
) -> None:
    go_on = threading.Event()
    house.server.faults.add(Fault(FaultKind.STALL, until=go_on))
    flow = _flow(house, used_prefect_home)
    while not house.server.requests:
        assert flow.poll() is None, flow.communicate()

    beside = house.mp.run(*house.everything, "--lock-wait", "0.3")

    assert_said(beside, 7, f"process {flow.pid} (sync.py")
    go_on.set()
    out, err = flow.communicate()
    assert flow.returncode == 0, out + err
    assert house.raw() == house.truth(house.days)


@pytest.mark.e2e
def test_a_flow_beside_a_sync_waits_for_it(house: House, used_prefect_home: Path) -> None:
    first = house.mp.start(*house.everything, "--no-build", at=INSIDE_A_LOAD, event="wait")
    first.until(Path(house.mp.cwd, THERE).exists)

    flow = _flow(house, used_prefect_home)

    assert first.end().returncode == 0
    out, err = flow.communicate()
    assert flow.returncode == 0, out + err
    assert house.published() == set(house.days)


def _flow(house: House, prefect_home: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(CHECKOUT / "flows" / "sync.py")],
        cwd=prefect_home.parent,
        env={
            **os.environ,
            **house.mp.env,
            "MP_START_DATE": str(house.days[0]),
            "PREFECT_HOME": str(prefect_home),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
