"""What `mp doctor` says of a schedule, by what a Prefect server answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mixpanel_data._internal.health.schedule import check_schedule

NOW = datetime.now(UTC)
DEPLOYMENT = {
    "id": "d1",
    "name": "daily",
    "paused": False,
    "schedules": [{"active": True}],
    "work_pool_name": "mixpanel",
}
COMPLETED = {
    "name": "sync 5 days",
    "state_type": "COMPLETED",
    "state_name": "Completed",
    "end_time": "2026-11-29T06:20:00Z",
}
SOON = {"expected_start_time": (NOW + timedelta(hours=3)).isoformat()}
WORKER = {"name": "w", "status": "ONLINE", "last_heartbeat_time": NOW.isoformat()}


class _Handler(BaseHTTPRequestHandler):
    answers: dict[str, Any]
    asked: list[tuple[str, Any, str | None]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body, self.headers["Authorization"]))
        kind = self.path.removeprefix("/api/").removesuffix("/filter")
        if kind == "flow_runs":
            kind += (
                " to come" if body["flow_runs"]["state"]["type"]["any_"] == ["SCHEDULED"] else ""
            )
        content = json.dumps(self.answers[kind]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def prefect(**changes: Any) -> Iterator[tuple[str, list[Any]]]:
    """A server on which all is well, but for the changes."""
    answers = {
        "deployments": [DEPLOYMENT],
        "flow_runs": [COMPLETED],
        "flow_runs to come": [SOON],
        "work_pools/mixpanel/workers": [WORKER],
        **{name.replace("_to_come", " to come"): value for name, value in changes.items()},
    }
    if "workers" in changes:
        answers["work_pools/mixpanel/workers"] = changes["workers"]
    handler = type("Handler", (_Handler,), {"answers": answers, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api", handler.asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> list[Path]:
    """A project whose file has an active deployment and a paused one."""
    (tmp_path / "prefect.yaml").write_text(
        "deployments:\n"
        "  - name: daily\n    schedules: [{cron: 17 6 * * *}]\n"
        "  - name: intraday\n    schedules: [{cron: 1 * * * *, active: false}]\n"
    )
    return [tmp_path]


def found(address: str, folders: list[Path], **more: str) -> dict[str, tuple[str, str]]:
    findings = check_schedule({"PREFECT_API_URL": address, **more}, folders)
    return {each.what: (each.state, each.value) for each in findings}


def test_without_an_address_nothing_is_checked(project):
    assert check_schedule({}, project) == []


def test_a_schedule_that_runs_is_fine_and_one_that_is_not_deployed_is_named(project):
    with prefect() as (address, asked):
        shown = found(address, project, PREFECT_API_KEY="key-of-the-server")

    state, value = shown["schedule daily"]
    assert state == "ok"
    assert f"next run {NOW + timedelta(hours=3):%Y-%m-%d %H:%M} UTC" in value
    assert "last run sync 5 days: completed 2026-11-29 06:20 UTC" in value
    assert shown["worker of mixpanel"] == ("ok", "online: w")
    state, value = shown["schedule intraday"]
    assert (state, "not on the server" in value) == ("warning", True)
    assert {key for _, _, key in asked} == {"Bearer key-of-the-server"}


@pytest.mark.parametrize(
    ("changes", "what", "state", "words"),
    [
        ({"deployments": []}, "schedule daily", "error", "deploy --all"),
        ({"deployments": [{**DEPLOYMENT, "paused": True}]}, "schedule daily", "warning", "paused"),
        (
            {"deployments": [{**DEPLOYMENT, "schedules": [{"active": False}]}]},
            "schedule daily",
            "warning",
            "paused",
        ),
        ({"flow_runs_to_come": []}, "schedule daily", "error", "no run is scheduled"),
        (
            {
                "flow_runs_to_come": [
                    {"expected_start_time": (NOW - timedelta(hours=1)).isoformat()}
                ]
            },
            "schedule daily",
            "error",
            "late",
        ),
        (
            {"flow_runs": [{**COMPLETED, "state_type": "CRASHED", "state_name": "Crashed"}]},
            "schedule daily",
            "warning",
            "crashed",
        ),
        ({"flow_runs": []}, "schedule daily", "ok", "never ran"),
        ({"workers": []}, "worker of mixpanel", "error", "prefect worker start --pool mixpanel"),
        (
            {"workers": [{**WORKER, "status": "OFFLINE"}]},
            "worker of mixpanel",
            "error",
            "last seen",
        ),
    ],
)
def test_each_fault_is_named(project, changes, what, state, words):
    with prefect(**changes) as (address, _):
        shown = found(address, project)

    assert shown[what][0] == state
    assert words in shown[what][1]


def test_a_project_without_a_file_asks_for_the_tag(tmp_path):
    with prefect(deployments=[]) as (address, asked):
        shown = found(address, [tmp_path])

    assert shown["schedule"][0] == "error"
    assert asked[0][1]["deployments"] == {"tags": {"all_": ["mixpanel"]}}


@pytest.mark.parametrize("answer", [{"detail": "no"}, [1], [{}], "text"])
def test_an_answer_of_another_shape_is_an_error_of_the_server(project, answer):
    with prefect(deployments=answer) as (address, _):
        assert found(address, project)["schedule"][0] == "error"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/api", "no address", "http://[::1"])
def test_a_server_that_does_not_answer_is_named(project, address):
    state, value = found(address, project)["schedule"]

    assert state == "error"
    assert "PREFECT_API_URL" in value


def test_a_password_in_the_address_is_not_shown(project):
    shown = found("http://user:s3cret-word@127.0.0.1:9/api", project)

    assert "s3cret-word" not in str(shown)


@pytest.mark.parametrize("text", ["deployments: 3", "- a", "a: [", ""])
def test_a_file_that_is_no_list_of_deployments_is_named(tmp_path, text):
    (tmp_path / "prefect.yaml").write_text(text)

    [only] = check_schedule({"PREFECT_API_URL": "http://127.0.0.1:9/api"}, [tmp_path])

    assert only.state == "error"
    assert str(tmp_path / "prefect.yaml") in only.value
