"""Prefect's server and worker as processes on this machine, and a client of the server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ROOT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE_SECONDS = 180
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]

T = TypeVar("T")


def end(process: psutil.Process | subprocess.Popen[bytes]) -> None:
    """End a process and its children; a worker that lost its server does not listen to signals."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(timeout=20)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        process.kill()
        process.wait()
    for orphan in children:
        if orphan.is_running():
            orphan.kill()


class _Client(httpx.Client):
    """A client that asks once more, as Prefect's does, if SQLite was locked by another request."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        for _ in range(20):
            answer = super().send(request, **options)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer


def environment(home: Path) -> dict[str, str]:
    """This process's variables without Prefect's settings, and with a Prefect home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process recompiles Prefect
    return {**kept, "PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"}


class PrefectServer:
    """A server on a port of its own, and its workers. Logs are in ``folder``."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        url = f"http://127.0.0.1:{self._port}"
        self.env = {**env, "PREFECT_API_URL": f"{url}/api"}
        self.url = url
        self.api = _Client(base_url=f"{url}/api", timeout=60)
        self.folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._server = server = self._start("server", "server", "start", "--port", str(self._port))

        def healthy() -> bool | None:
            assert server.poll() is None, self.logs()
            try:
                return self.api.get("/health").is_success or None
            except httpx.TransportError:
                return None

        self.wait(healthy)

    def stop(self) -> None:
        """Stop the server only."""
        if self._server and self._server.poll() is None:
            end(self._server)

    @contextmanager
    def worker(self, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker of the pool `mixpanel` during the block; ``env`` has the account."""
        options = ("--pool", "mixpanel", "--limit", "1")
        worker = self._start("worker", "worker", "start", *options, env=env)
        try:
            yield worker
        finally:
            if worker.poll() is None:
                end(worker)

    def _start(
        self, name: str, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [PREFECT, *arguments],
                cwd=ROOT, env={**self.env, **(env or {})}, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def command(self, *arguments: str) -> str:
        """Run a command of Prefect to its end, with nothing of an account in its environment."""
        done = subprocess.run(
            [PREFECT, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self) -> None:
        """Make the work pool, and deploy ``flows/prefect.yaml``."""
        self.command("work-pool", "create", "mixpanel", "--type", "process")
        self.command("--no-prompt", "deploy", "--prefect-file", "flows/prefect.yaml", "--all")

    def logs(self) -> str:
        """All logs of the processes."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(encoding='utf-8')}" for log in logs)

    def wait(self, ask: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
        """Wait for an answer that is not None; fail with the logs if none comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.3)
        raise AssertionError(self.logs())

    def deployment(self, name: str) -> str:
        """Return the id of a deployment such as ``sync/daily``."""
        return str(self.api.get(f"/deployments/name/{name}").json()["id"])

    def start_run(self, deployment: str, **parameters: Any) -> str:
        """Start a run now, and return its id."""
        path = f"/deployments/{self.deployment(deployment)}/create_flow_run"
        answer = self.api.post(path, json={"parameters": parameters})
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    def run(self, run: str) -> dict[str, Any]:
        """Return a run by its id."""
        found: dict[str, Any] = self.api.get(f"/flow_runs/{run}").json()
        return found

    def runs(self, **flow_runs: Any) -> list[dict[str, Any]]:
        """Return the runs of a filter, in the order of their times."""
        body = {"flow_runs": flow_runs, "sort": "EXPECTED_START_TIME_ASC"}
        found: list[dict[str, Any]] = self.api.post("/flow_runs/filter", json=body).json()
        return found

    def ended(self, run: str) -> dict[str, Any]:
        """Wait until a run has ended, and return it."""

        def state() -> dict[str, Any] | None:
            try:
                found = self.run(run)
            except httpx.TransportError:  # a restarted server
                return None
            return found if found["state_type"] in ENDED else None

        return self.wait(state)

    def of_run(self, what: str, run: str, **options: Any) -> list[dict[str, Any]]:
        """Return the ``task_runs`` or ``artifacts`` of a run."""
        body = {"flow_runs": {"id": {"any_": [run]}}, **options}
        found: list[dict[str, Any]] = self.api.post(f"/{what}/filter", json=body).json()
        return found

    def wait_for_log(self, run: str, *texts: str, level: int = 0) -> None:
        """Wait until the first 200 log lines of a run, of this level or above, have these texts.

        A run's process sends its last lines after the state in which the run ended.
        """
        body = {
            "logs": {"flow_run_id": {"any_": [run]}, "level": {"ge_": level}},
            "limit": 200,
        }

        def has_all() -> bool | None:
            found = self.api.post("/logs/filter", json=body).json()
            log = "\n".join(line["message"] for line in found)
            return all(text in log for text in texts) or None

        self.wait(has_all)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        self.api.close()


@contextmanager
def deployed(folder: Path, **settings: str) -> Iterator[PrefectServer]:
    """A server with the deployments of flows/prefect.yaml."""
    server = PrefectServer(folder, {**environment(folder), **settings})
    try:
        server.start()
        server.deploy()
        yield server
    finally:
        server.close()
