"""`mp doctor` and a real Prefect server: what it answers is what the check reads."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mixpanel_data._internal.health.schedule import check_schedule

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PATIENCE_SECONDS = 180


@pytest.fixture
def server(
    tmp_path: Path, outside: dict[str, str], used_prefect_home: Path
) -> Iterator[httpx.Client]:
    """A client of a server that is up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    prefect = str(Path(sys.executable).with_name("prefect"))
    with (
        (tmp_path / "server.log").open("wb") as log,
        subprocess.Popen(
            [prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env={**outside, "PREFECT_HOME": str(used_prefect_home)},
            stdout=log,
            stderr=log,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60) as client,
    ):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not healthy(client):
            assert time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.5)
        yield client
        process.terminate()


def healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


def test_a_deployment_its_next_run_and_its_worker_are_found(server, tmp_path):
    def post(path: str, **body: object) -> dict:
        answer = server.post(path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def shown() -> dict[str, tuple[str, str]]:
        address = str(server.base_url).rstrip("/")
        found = check_schedule({"PREFECT_API_URL": address}, [tmp_path])
        return {each.what: (each.state, each.value) for each in found}

    (tmp_path / "prefect.yaml").write_text(
        "deployments:\n  - name: daily\n    schedules: [{cron: 17 6 * * *}]\n"
    )
    assert shown()["schedule daily"][0] == "error"

    post("/work_pools/", name="mixpanel", type="process")
    flow = post("/flows/", name="sync")["id"]
    cron = {"schedule": {"cron": "17 6 * * *", "timezone": "UTC"}, "active": True}
    made = post(
        "/deployments/", name="daily", flow_id=flow, schedules=[cron], work_pool_name="mixpanel"
    )
    post(f"/deployments/{made['id']}/schedule")
    before = shown()
    post("/work_pools/mixpanel/workers/heartbeat", name="w")
    ran = post(f"/deployments/{made['id']}/create_flow_run", name="sync 5 days")
    crashed = {"type": "CRASHED", "name": "Crashed"}
    post(f"/flow_runs/{ran['id']}/set_state", state=crashed, force=True)
    after = shown()
    server.patch(f"/deployments/{made['id']}", json={"paused": True}).raise_for_status()

    assert before["schedule daily"][0] == "ok"
    assert "06:17 UTC; never ran" in before["schedule daily"][1]
    assert before["worker of mixpanel"][0] == "error"
    assert after["worker of mixpanel"] == ("ok", "online: w")
    assert after["schedule daily"][0] == "warning"
    assert "last run sync 5 days: crashed" in after["schedule daily"][1]
    assert shown()["schedule daily"][1].startswith("paused")
