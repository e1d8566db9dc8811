"""Two programs in one data folder: the second waits, or names the first in its error."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from integration.locks.conftest import SyncedProject, assert_exit
from support import warm_dbt
from support.crash.command import THERE
from support.crash.points import before
from support.reader import holding

from mixpanel_data.sandbox import Fault, FaultKind

INSIDE_A_LOAD = before("mixpanel_data.destinations.replace_events:_day_counts")
CHECKOUT = Path(__file__).parents[3]


@pytest.mark.e2e
def test_the_second_waits_and_both_end_right(project: SyncedProject) -> None:
    first = project.mp.start(*project.sync_all, "--no-build", at=INSIDE_A_LOAD, event="wait")
    first.until(Path(project.mp.cwd, THERE).exists)

    second = project.mp.run(*project.sync_all, "--no-build", "--lock-wait", "120")

    assert first.end().returncode == 0
    assert second.returncode == 0, second.stderr
    assert project.loaded_days() == project.served_days(project.days)


def test_the_second_gives_up_and_names_the_first(project: SyncedProject) -> None:
    first = project.mp.start(*project.sync_all, "--no-build", at=INSIDE_A_LOAD, event="hold")
    first.until(Path(project.mp.cwd, THERE).exists)

    second = project.mp.run(*project.sync_all, "--lock-wait", "0.3")

    who = f"process {first.process.pid} (-c sync --from {project.days[0]}"
    assert_exit(second, 7, who, "since 20", str(project.folder))

    first.stop(signal.SIGKILL)
    project.assert_complete_after()


@pytest.mark.e2e
def test_a_run_that_was_killed_leaves_no_lock(project: SyncedProject) -> None:
    first = project.mp.start(*project.sync_all, "--no-build", at=INSIDE_A_LOAD, event="hold")
    first.until(Path(project.mp.cwd, THERE).exists)
    first.stop(signal.SIGKILL)

    assert (project.folder / ".lock-holder.json").exists()  # it names a process that is no more
    assert project.mp.run(*project.sync_all, "--no-build", "--lock-wait", "0").returncode == 0


@pytest.mark.e2e
def test_the_dlt_command_gives_up_as_well_with_the_code_of_mp(project: SyncedProject) -> None:
    with holding(project.folder / "raw.duckdb"):
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("dlt")), "pipeline", "mixpanel", "run"],
            cwd=project.mp.cwd,
            env={**os.environ, **project.mp.env},
            capture_output=True,
            text=True,
        )

    assert_exit(ended, 7, "raw.duckdb is open in process")


@pytest.mark.e2e
def test_a_sync_beside_a_flow_names_it_and_the_flow_goes_on(
    project: SyncedProject, used_prefect_home: Path
) -> None:
    go_on = threading.Event()
    project.sandbox.faults.add(Fault(FaultKind.STALL, until=go_on))
    flow = _flow(project, used_prefect_home)
    while not project.sandbox.requests:
        assert flow.poll() is None, flow.communicate()

    beside = project.mp.run(*project.sync_all, "--lock-wait", "0.3")

    assert_exit(beside, 7, f"process {flow.pid} (sync.py")
    go_on.set()
    out, err = flow.communicate()
    assert flow.returncode == 0, out + err
    assert project.loaded_days() == project.served_days(project.days)


@pytest.mark.e2e
def test_a_flow_beside_a_sync_waits_for_it(project: SyncedProject, used_prefect_home: Path) -> None:
    first = project.mp.start(*project.sync_all, "--no-build", at=INSIDE_A_LOAD, event="wait")
    first.until(Path(project.mp.cwd, THERE).exists)

    flow = _flow(project, used_prefect_home)

    assert first.end().returncode == 0
    out, err = flow.communicate()
    assert flow.returncode == 0, out + err
    assert project.published_days() == set(project.days)


def _flow(project: SyncedProject, prefect_home: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(CHECKOUT / "flows" / "sync.py")],
        cwd=prefect_home.parent,
        env={
            **os.environ,
            **project.mp.env,
            "MP_START_DATE": str(project.days[0]),
            "PREFECT_HOME": str(prefect_home),
            **warm_dbt.in_shells(),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
