"""End to end: a server, a worker, flows/prefect.yaml deployed, and a run that the schedule started.

The canary of two version bounds in pyproject.toml: with newer ones the server dies, or never makes a scheduled run.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from .conftest import ROOT, SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PATIENCE_SECONDS = 180
PREFECT = str(Path(sys.executable).with_name("prefect"))


class Processes:
    """Prefect's processes, each with its log in a folder; ended in the opposite order, by their ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *arguments: str, env: dict[str, str]) -> None:
        """A process that stays."""
        with (self._folder / f"{name}.log").open("wb") as log:
            self._started.append(
                subprocess.Popen(
                    [PREFECT, *arguments], cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT
                )
            )

    def logs(self) -> str:
        """All logs."""
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(encoding='utf-8')}" for log in logs)

    def stop(self) -> None:
        """The worker before its server: a worker that lost its server does not listen to signals."""
        while self._started:
            process = self._started.pop()
            if process.poll() is not None:
                continue
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for orphan in children:
                if orphan.is_running():
                    orphan.kill()


@pytest.fixture
def processes(tmp_path):
    running = Processes(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def wait(processes):
    """Waits for an answer that is not None; fails with the logs if none comes."""

    def until(ask: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.5)
        raise AssertionError(processes.logs())

    return until


@pytest.fixture
def server(processes, wait, outside):
    """A client of a server that is up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outside["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    processes.start(
        "server", "server", "start", "--host", "127.0.0.1", "--port", str(port), env=outside
    )

    def healthy() -> bool | None:
        try:
            return client.get("/health").is_success or None
        except httpx.TransportError:
            return None

    with httpx.Client(base_url=outside["PREFECT_API_URL"], timeout=60) as client:
        wait(healthy)
        yield client


@pytest.fixture
def prefect(outside):
    """Runs a command of Prefect to its end, with nothing of the account in its environment."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [PREFECT, *arguments], cwd=ROOT, env=outside, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_run_made_by_the_schedule_completes_and_one_that_fails_shows_where(
    server, prefect, processes, wait, outside, account, published, served, tmp_path, days, break_day
):
    prefect("work-pool", "create", "mixpanel", "--type", "process")
    prefect("--no-prompt", "deploy", "--prefect-file", "flows/prefect.yaml", "--all")
    deployment = server.get("/deployments/name/sync/daily").json()
    assert [each["schedule"].get("cron") for each in deployment["schedules"]] == ["17 6 * * *"]
    processes.start(
        "worker", "worker", "start", "--pool", "mixpanel", "--limit", "1", env=outside | account
    )
    # Tomorrow morning is too long to wait for: the same deployment, every twenty seconds.
    often = {"schedule": {"interval": 20}, "active": True}
    (schedule,) = server.post(f"/deployments/{deployment['id']}/schedules", json=[often]).json()

    def ended(name: str = "") -> dict[str, Any] | None:
        kinds = {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}
        runs = server.post("/flow_runs/filter", json={"flow_runs": {"state": {"type": kinds}}})
        return next((run for run in runs.json() if run["name"].endswith(name)), None)

    run = wait(ended)
    server.delete(f"/deployments/{deployment['id']}/schedules/{schedule['id']}").raise_for_status()

    assert (run["state_type"], run["auto_scheduled"]) == ("COMPLETED", True), processes.logs()
    assert run["deployment_id"] == deployment["id"]
    assert published() == served
    artifacts = server.post("/artifacts/filter", json={}).json()
    assert [artifact["key"] for artifact in artifacts][:1] == ["mixpanel-sync"]
    assert run["name"] == f"sync {days[0]}..{days[-1]}"

    # The task that could not land its days is Failed, its log has the error, and the others ran.
    break_day(days[1])
    one_day = f"{days[1]}"
    prefect(
        *("deployment", "run", "backfill/backfill", "--param", "newest_first=false"),
        *("--param", f"start={one_day}", "--param", f"end={one_day}"),
    )
    unchanged = wait(lambda: ended(f"backfill {one_day}"))
    assert unchanged["state_type"] == "COMPLETED", processes.logs()  # it is complete already
    prefect(
        *("deployment", "run", "sync/daily", "--param", "refetch=true", "--param", "only=events"),
        *("--param", f"first={one_day}", "--param", f"last={one_day}"),
    )
    failed = wait(lambda: ended(f"sync {one_day}"))
    of_it = {"flow_runs": {"id": {"any_": [failed["id"]]}}}
    tasks = server.post("/task_runs/filter", json=of_it).json()
    states = {task["name"]: task["state_type"] for task in tasks}
    assert failed["state_type"] == "FAILED"
    assert states[f"land {one_day}"] == "FAILED"
    assert {state for name, state in states.items() if not name.startswith("land")} == {"COMPLETED"}
    logs = server.post(
        "/logs/filter", json={"logs": {"flow_run_id": {"any_": [failed["id"]]}}, "limit": 200}
    ).json()
    assert any("INCOMPLETE_EXPORT" in log["message"] for log in logs if log["level"] >= 40)
    assert published() == served
    processes.stop()
    kept = [*(tmp_path / "prefect").rglob("*"), *tmp_path.glob("*.log")]
    assert [file for file in kept if file.is_file() and SECRET.encode() in file.read_bytes()] == []
