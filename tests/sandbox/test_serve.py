"""Starting and stopping: as a context manager, and in the foreground."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from support.wiretap import export_path, fill, raw_get

from mixpanel_data.sandbox import Dataset, Fault, FaultKind, Sandbox, summary


def _servers() -> int:
    """How many run in this process: other tests share some."""
    return [thread.name for thread in threading.enumerate()].count("mixpanel-sandbox")


def test_a_sandbox_leaves_nothing_behind():
    before = _servers()
    with Sandbox() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        assert sandbox.base_url == f"http://127.0.0.1:{port}"
        assert _servers() == before + 1

    assert _servers() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_stopping_does_not_wait_for_a_stalled_answer():
    with Sandbox() as sandbox:
        fill(sandbox.dataset)
        sandbox.faults.add(Fault(FaultKind.STALL, seconds=600))
        asking = threading.Thread(target=raw_get, args=(sandbox, export_path()))
        asking.start()
        while not sandbox.requests or sandbox.requests[0].status is None:
            time.sleep(0.01)

    asking.join(timeout=60)
    assert not asking.is_alive()


def test_two_sandboxes_do_not_meet(connect):
    with Sandbox() as one, Sandbox() as two:
        one.dataset.set_profile("u1", {})
        totals = [connect(each).post("/api/query/engage").json()["total"] for each in (one, two)]

    assert totals == [1, 0]


def test_the_summary_can_be_pasted():
    dataset = Dataset.empty()
    fill(dataset)
    with Sandbox(dataset, secret="it's") as sandbox:
        text = summary(sandbox)

    assert f"export MP_API_BASE_URL={sandbox.base_url}" in text
    assert "export MP_SECRET='it'\"'\"'s'" in text
    assert "40 events, 2026-03-04 to 2026-03-04; 0 profiles" in text


def test_the_summary_of_an_empty_sandbox():
    with Sandbox() as sandbox:
        assert "0 events, no days; 0 profiles" in summary(sandbox)


@pytest.fixture
def foreground() -> Iterator[subprocess.Popen[str]]:
    """``python -m mixpanel_data.sandbox`` on a free port."""
    command = [sys.executable, "-m", "mixpanel_data.sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_the_foreground_server_serves_the_shop_until_a_signal(foreground, sent, code):
    assert foreground.stdout is not None
    first_line = foreground.stdout.readline()
    url = first_line.split()[3].rstrip(":")
    assert httpx.get(url + "/api/app/me").status_code == 401

    foreground.send_signal(sent)
    _, errors = foreground.communicate(timeout=20)

    assert foreground.returncode == code
    assert "Traceback" not in errors
