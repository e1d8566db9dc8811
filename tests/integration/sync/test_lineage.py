"""OpenLineage events of a run, as a backend gets them."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.project import LAST

from mixpanel_data.sandbox import Fault, FaultKind

pytest.importorskip("openlineage.client")
FIRST = LAST - timedelta(days=1)
Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _no_openlineage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in _names():
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    yield
    # The library writes some of its own, which later tests would read.
    for name in _names():
        del os.environ[name]


def _names() -> list[str]:
    return [name for name in os.environ if name.startswith("OPENLINEAGE")]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Events:
    """The events of the library's file transport, in order."""
    path = tmp_path / "lineage.ndjson"
    for name, value in file_transport(path).items():
        monkeypatch.setenv(name, value)
    return lambda: read(path)


def file_transport(path: Path) -> dict[str, str]:
    transport = {"TYPE": "file", "LOG_FILE_PATH": str(path), "APPEND": "true"}
    return {f"OPENLINEAGE__TRANSPORT__{name}": value for name, value in transport.items()}


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def jobs(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["job"]["name"], each["eventType"]) for each in found]


def test_a_run_and_its_load_are_reported_with_inputs_and_outputs(project, fill, events):
    fill(2)

    project.sync(FIRST, LAST)

    found = events()
    assert jobs(found) == [
        ("mixpanel_data.sync", "START"),
        ("mixpanel_data.load", "START"),
        ("mixpanel_data.load", "COMPLETE"),
        ("mixpanel_data.sync", "COMPLETE"),
    ]
    run, load = found[0], found[2]
    assert load["run"]["facets"]["parent"]["run"]["runId"] == run["run"]["runId"]
    account = project.sandbox.credentials
    inputs = [(each["namespace"], each["name"]) for each in load["inputs"]]
    assert inputs == [(f"mixpanel://{account.region}/{account.project_id}", "events")]
    (output,) = load["outputs"]
    assert output["namespace"] == f"duckdb://{project.folder}/raw.duckdb"
    assert output["name"] == "mixpanel.events"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 80
    assert account.secret not in json.dumps(found)


def test_a_run_with_missing_days_is_failed_with_its_reason(project, fill, events):
    fill(2)
    project.sandbox.faults.add(Fault(FaultKind.CUT_GZIP, times=None))

    assert project.sync(FIRST, LAST).failures

    last = events()[-1]
    assert (last["job"]["name"], last["eventType"]) == ("mixpanel_data.sync", "FAIL")
    assert "IncompleteExportError" in last["run"]["facets"]["errorMessage"]["message"]


def test_without_openlineage_variables_nothing_is_sent(project, fill, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    fill(2)

    assert project.sync(FIRST, LAST).warnings == []


@pytest.fixture
def backend() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """The address of a server, and what was posted to it: Authorization and event."""
    posted: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()
    thread.join()


def test_events_are_posted_to_a_backend_with_its_key(project, fill, monkeypatch, backend):
    address, posted = backend
    monkeypatch.setenv("OPENLINEAGE_URL", address)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "a-key")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "shop")
    fill(1)

    assert project.sync(LAST, LAST).warnings == []

    assert len(posted) == 4
    assert {key for key, _ in posted} == {"Bearer a-key"}
    assert {event["job"]["namespace"] for _, event in posted} == {"shop"}


def test_a_backend_that_fails_costs_its_events_only(project, fill, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://user:s3cret@127.0.0.1:{port}")
    fill(1)

    report = project.sync(LAST, LAST)

    assert (report.failures, report.events) == ([], 40)
    (warning,) = report.warnings
    assert "No lineage is sent from here on" in warning
    assert "s3cret" not in warning


@pytest.mark.e2e
def test_each_model_is_reported_with_what_it_reads_and_its_columns(project, fill, events):
    fill(2)

    project.job(days=()).run(first=FIRST, last=LAST, only="events")

    found = events()
    models = {each["job"]["name"]: each for each in found if each["eventType"] == "COMPLETE"}
    assert len(models) > 30
    table = models["mixpanel_data.events"]
    assert "mixpanel.events" in {each["name"] for each in table["inputs"]}
    (output,) = table["outputs"]
    assert (output["namespace"], output["name"]) == (
        f"duckdb://{project.folder}/mixpanel.duckdb",
        "main.events",
    )
    fields = {f["name"]: f["type"] for f in output["facets"]["schema"]["fields"]}
    assert fields["event"] == "varchar"
    daily = models["mixpanel_data.daily_events"]
    assert {each["namespace"] for each in daily["inputs"]} == {output["namespace"]}
    assert daily["run"]["facets"]["parent"]["job"]["name"] == "mixpanel_data.sync"
    started = [e for e in found if e["job"] == daily["job"] and e["eventType"] == "START"]
    assert started[0]["eventTime"] < daily["eventTime"]
    assert started[0]["run"]["runId"] == daily["run"]["runId"]
