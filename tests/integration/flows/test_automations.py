"""flows/automations.yaml: Prefect's own schema accepts it, and on a real server an automation fires."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.receiver import Receiver

from .conftest import ROOT

FILE = ROOT / "flows" / "automations.yaml"
BLOCK = "00000000-0000-0000-0000-000000000000"
PASSWORD = "hunter22-pass"
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def automations():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def keys_of(model) -> set[str]:
    return set(model.model_fields)


def test_prefect_accepts_each_automation_and_ignores_no_key(automations):
    from prefect.events.schemas.automations import AutomationCore

    for each in automations:
        parsed = AutomationCore.model_validate(each)
        assert set(each) <= keys_of(type(parsed)), each["name"]
        assert set(each["trigger"]) <= keys_of(type(parsed.trigger)), each["name"]
        for given, action in zip(each["actions"], parsed.actions, strict=True):
            assert set(given) <= keys_of(type(action)), each["name"]


def test_each_kind_of_event_has_an_automation(automations):
    names = [each["name"] for each in automations]

    assert names == [
        f"mixpanel {kind}" for kind in ("failed", "crashed", "late", "zombie", "hangs", "not fresh")
    ]
    blocks = {
        action["block_document_id"]
        for each in automations
        for action in each["actions"]
        if action["type"] == "send-notification"
    }
    assert blocks == {BLOCK}


def test_a_healthy_run_is_no_zombie(automations):
    from prefect.settings import get_current_settings

    (zombie,) = [each for each in automations if each["name"] == "mixpanel zombie"]
    frequency = get_current_settings().flows.heartbeat_frequency

    assert frequency
    assert zombie["trigger"]["within"] >= 3 * frequency


@pytest.fixture
def server(outside, tmp_path):
    """A client of a Prefect server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outside["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    command = [str(Path(sys.executable).with_name("prefect")), "server", "start"]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT, env=outside, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        with httpx.Client(base_url=outside["PREFECT_API_URL"], timeout=60) as client:
            until(lambda: _is_healthy(client))
            yield client
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


def until(is_so) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def fail_a_run(server: httpx.Client, deployment: dict[str, str], name: str) -> None:
    """A run of the deployment ends as Failed."""
    body = {
        "flow_id": deployment["flow_id"],
        "deployment_id": deployment["id"],
        "name": name,
        "tags": ["mixpanel"],
    }
    run = post(server, "/flow_runs/", body)
    state = {"type": "FAILED", "name": "Failed", "message": "Not everything arrived."}
    post(server, f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})


def post(server: httpx.Client, path: str, body: Any) -> Any:
    """The answer; as Prefect's client does, a request is repeated while SQLite is busy."""
    answer = server.post(path, json=body)
    while answer.status_code == 503:
        time.sleep(0.5)
        answer = server.post(path, json=body)
    return answer.raise_for_status().json()


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_one_command_deploys_them_and_failures_of_a_deployment_are_one_message(
    server, outside, tmp_path
):
    with Receiver() as receiver:
        outside["ALERTS__URLS"] = f"json://u:{PASSWORD}@{receiver.place}/hook"
        for _ in range(2):  # a second time updates them
            done = subprocess.run(
                [sys.executable, "flows/automations.py"],
                cwd=ROOT, env=outside, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert PASSWORD not in done.stdout + done.stderr
        assert len(post(server, "/automations/filter", {})) == 6
        flow = post(server, "/flows/", {"name": "sync"})
        body = {"name": "daily", "flow_id": flow["id"], "tags": ["mixpanel"]}
        deployment = post(server, "/deployments/", body)

        fail_a_run(server, deployment, "sync 2026-11-24")
        fail_a_run(server, deployment, "sync 2026-11-25")
        until(lambda: receiver.alerts)
        time.sleep(5)  # for a second message, which must not come

        (alert,) = receiver.alerts
    assert alert["title"].startswith("mixpanel_data failed: sync 2026-11-2")
    assert "Not everything arrived." in alert["message"]
    texts = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(PASSWORD.encode() in text for text in texts)
