"""End to end: a server, a worker, flows/prefect.yaml deployed: runs of the schedule, what their pages show, outages,
kills and cancellations. All tests share one server.

The first is the canary of two version bounds in pyproject.toml: with newer ones the server dies, or never makes a
scheduled run.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psutil
import pytest
import yaml
from support.echoes import everywhere, spellings
from support.prefect_server import PATIENCE_SECONDS, PrefectServer
from support.receiver import Receiver

from mixpanel_data.sandbox import Fault, FaultKind

from .conftest import ROOT, SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EVENTS_ONLY = {"only": "events", "build": False}
PASSWORD = "hunter22-pass"

# How soon the server and its workers find that something is missing: by default a minute or more.
QUICK = {
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "PT1S",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
}


@pytest.fixture(scope="module")
def prefect(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[PrefectServer]:
    """A server with the deployments of flows/prefect.yaml."""
    folder = tmp_path_factory.mktemp("prefect")
    shutil.copy(prefect_database, folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process recompiles Prefect
    settings = {"PREFECT_HOME": str(folder), "DO_NOT_TRACK": "1", **QUICK}
    server = PrefectServer(folder, {**kept, **settings})
    try:
        server.start()
        server.deploy()
        yield server
    finally:
        server.close()


@pytest.fixture
def stalled(shop):
    """Makes each export wait, until it is called."""
    fault = Fault(FaultKind.STALL_BEFORE_HEADERS, times=None, seconds=300)
    shop.faults.add(fault)
    return shop.faults.clear


@pytest.fixture
def flow_process(prefect, shop):
    """Waits until a run has sent its first request; returns its process, a child of the worker."""

    def wait(worker) -> psutil.Process:
        prefect.wait(lambda: list(shop.requests) or None)
        children = psutil.Process(worker.pid).children(recursive=True)
        return next(child for child in children if "python" in child.name())

    return wait


def loaded(tmp_path):
    """Events by day in the raw database."""
    with duckdb.connect(str(tmp_path / "data" / "raw.duckdb"), read_only=True) as connection:
        rows = connection.sql("SELECT CAST(time AS DATE), count(*) FROM mixpanel.events GROUP BY 1")
        return dict(rows.fetchall())


def artifact(prefect, run, suffix=""):
    """The text of an artifact of a run."""
    found = prefect.of_run("artifacts", run)
    return next(each["data"] for each in found if each["key"] == f"mixpanel-sync{suffix}")


def days_of(prefect, run):
    """The table of a run, by day."""
    return {row["day"]: row for row in json.loads(artifact(prefect, run))}


def tasks_of(prefect, run: str, known: set[str]) -> dict[str, str] | None:
    """Return the states of a run's tasks by name, once all have ended and those are among them.

    The server records a task run some time after the run itself has ended.
    """
    tasks = {each["name"]: each["state_type"] for each in prefect.of_run("task_runs", run)}
    open_ones = {"PENDING", "RUNNING"}
    return tasks if known <= tasks.keys() and not open_ones & set(tasks.values()) else None


def test_a_run_made_by_the_schedule_completes_and_one_that_fails_shows_where(
    prefect, shop, account, published, served, tmp_path, days, break_day
):
    deployment = prefect.api.get("/deployments/name/sync/daily").json()
    assert [each["schedule"].get("cron") for each in deployment["schedules"]] == ["17 6 * * *"]
    # Tomorrow morning is too long to wait for: the same deployment, every twenty seconds.
    often = {"schedule": {"interval": 20}, "active": True}
    path = f"/deployments/{deployment['id']}/schedules"
    (schedule,) = prefect.api.post(path, json=[often]).json()

    def of_the_schedule():
        begun = ["RUNNING", "COMPLETED", "FAILED", "CRASHED"]
        found = prefect.runs(
            deployment_id={"any_": [deployment["id"]]}, state={"type": {"any_": begun}}
        )
        return found[0] if found else None

    with prefect.worker(account):
        begun = prefect.wait(of_the_schedule)
        prefect.api.delete(f"{path}/{schedule['id']}").raise_for_status()
        run = prefect.ended(begun["id"])

        assert (run["state_type"], run["auto_scheduled"]) == ("COMPLETED", True), prefect.logs()
        assert published() == served
        assert run["name"] == f"sync {days[0]}..{days[-1]}"
        assert {row["state"] for row in days_of(prefect, run["id"]).values()} == {"new"}
        known = {"build", "model events", "test one_row_per_event", "publish"}
        tasks = prefect.wait(lambda: tasks_of(prefect, run["id"], known))
        assert set(tasks.values()) == {"COMPLETED"}
        of_dlt = "is LOADED and contains no failed jobs"
        loaded_days = f"{len(days)} of {len(days)} days of this run are loaded"
        prefect.wait_for_log(run["id"], of_dlt, loaded_days)

        # Events that arrived late are found, and a repair of one request refetches the newer of their two days.
        late = [days[0], days[2]]
        for day in late:
            shop.dataset.add_event(
                "Bought",
                shop.dataset.events_on(day)[0].time_ms,
                distinct_id="late",
                insert_id=f"late {day}",
            )
        compared = [
            prefect.ended(prefect.start_run("reconcile/reconcile", **repair))
            for repair in ({}, {"repair": True, "max_requests": 1})
        ]
        assert [each["state_type"] for each in compared] == ["COMPLETED"] * 2, prefect.logs()
        pages = [prefect.of_run("artifacts", each["id"]) for each in compared]
        tables = [[json.loads(each["data"]) for each in page] for page in pages]
        verdicts = [[(row["day"], row["verdict"]) for row in table] for (table,) in tables]
        assert verdicts == [[(str(day), "late") for day in late], [(str(days[0]), "late")]]
        assert "1 days were refetched; 1 are left." in pages[1][0]["description"]
        served[days[2]] += 1
        assert published() == served
        assert kept_verdicts(tmp_path) == [["late", "late"], ["late", "late"], ["late"]]

        # The task that could not land its days is Failed, its log has the error, and the others ran.
        break_day(days[1])
        day = str(days[1])
        complete = prefect.ended(prefect.start_run("backfill/backfill", start=day, end=day))
        assert complete["state_type"] == "COMPLETED", prefect.logs()
        refetched = {"refetch": True, "only": "events", "first": day, "last": day}
        failed = prefect.ended(prefect.start_run("sync/daily", **refetched))
        assert failed["state_type"] == "FAILED"
        states = prefect.wait(lambda: tasks_of(prefect, failed["id"], {f"land {day}"}))
        assert states.pop(f"land {day}") == "FAILED"
        assert set(states.values()) == {"COMPLETED"}
        prefect.wait_for_log(failed["id"], "INCOMPLETE_EXPORT", level=40)
        assert published() == served
        assert days_of(prefect, failed["id"])[day]["state"] == "missing: INCOMPLETE_EXPORT"
        assert f"mp sync --from {day} --to {day}" in artifact(prefect, failed["id"], "-summary")

        built = prefect.ended(prefect.start_run("build/build-only"))
        assert built["state_type"] == "COMPLETED"

    raw, table = "duckdb://raw/mixpanel/events", "duckdb://mixpanel/main/events"
    tools = prefect.wait(lambda: materialized(prefect, raw, table) or None)
    assert tools == {raw: "dlt", table: "dbt"}
    kept = [*everywhere(tmp_path), *everywhere(prefect.folder)]
    assert any(where.endswith("prefect.db: artifact") for where, _ in kept)
    assert any("trace" in where for where, _ in kept)  # of dlt
    assert any("dbt.log" in where for where, _ in kept)
    spelled = spellings(account["MP_USERNAME"], SECRET)
    assert [
        (where, name) for where, text in kept for name, secret in spelled.items() if secret in text
    ] == []


def kept_verdicts(tmp_path):
    """The verdicts of each comparison that was kept, oldest first."""
    with duckdb.connect(str(tmp_path / "data" / "mixpanel.duckdb"), read_only=True) as connection:
        rows = connection.sql(
            "SELECT list(verdict) FROM _reconciliations GROUP BY compared_at ORDER BY compared_at"
        ).fetchall()
    return [verdicts for (verdicts,) in rows]


def materialized(prefect, *assets):
    """The tools by which assets were materialized within the hour."""
    now = datetime.now(UTC)
    body = {
        "filter": {
            "event": {"name": ["prefect.asset.materialization.succeeded"]},
            "resource": {"id": assets},
            "occurred": {"since": str(now - timedelta(hours=1)), "until": str(now)},
        }
    }
    events = prefect.api.post("/events/filter", json=body).json()["events"]
    return {
        event["resource"]["prefect.resource.id"]: related["prefect.resource.id"]
        for event in events
        for related in event["related"]
        if related["prefect.resource.role"] == "asset-materialized-by"
    }


def test_the_pages_of_a_run_show_its_days_and_its_summary(prefect, account, served, visitor, days):
    with prefect.worker(account):
        run = prefect.ended(prefect.start_run("sync/daily", **EVENTS_ONLY))
    pages = {each["key"]: each["id"] for each in prefect.of_run("artifacts", run["id"])}

    def shown(path: str, *texts: str) -> list[str]:
        with visitor.visit(prefect.url + path) as visit:
            for text in texts:
                visit.page.get_by_text(text, exact=False).first.wait_for(timeout=60_000)
            return visit.complaints

    name = f"sync {days[0]}..{days[-1]}"
    found = [
        *shown("/runs", name),
        *shown(f"/runs/flow-run/{run['id']}", name, "Completed"),
        *shown(f"/artifacts/artifact/{pages['mixpanel-sync']}", str(days[0]), "new"),
        *shown(f"/artifacts/artifact/{pages['mixpanel-sync-summary']}", f"{name}: done", "Events"),
    ]

    assert [text for text in found if "127.0.0.1" in text and "api" in text] == []


def test_after_an_outage_of_the_worker_one_run_catches_up(
    prefect, shop, account, served, tmp_path, days
):
    daily = prefect.deployment("sync/intraday")
    often = {"schedule": {"interval": 2}, "active": True, "parameters": EVENTS_ONLY}
    prefect.api.patch(f"/deployments/{daily}", json={"paused": False})
    (schedule,) = prefect.api.post(f"/deployments/{daily}/schedules", json=[often]).json()

    def due():
        now = datetime.now(UTC).isoformat()
        found = prefect.runs(deployment_id={"any_": [daily]}, expected_start_time={"before_": now})
        return found if len(found) >= 4 else None

    missed = prefect.wait(due)
    with prefect.worker(account):
        prefect.wait(lambda: list(shop.requests) or None)
        prefect.api.delete(f"/deployments/{daily}/schedules/{schedule['id']}").raise_for_status()
        states = [prefect.ended(run["id"])["state_name"] for run in missed]

    assert sorted(states) == ["Completed"] + ["Skipped"] * (len(missed) - 1), prefect.logs()
    assert loaded(tmp_path) == served


def test_the_run_after_interrupted_ones_is_right(
    prefect, account, served, tmp_path, shop, stalled, flow_process
):
    def start(worker):
        shop.requests.clear()
        run = prefect.start_run("sync/daily", **EVENTS_ONLY)
        process = flow_process(worker)
        return run, [process, *process.children(recursive=True)]

    with prefect.worker(account) as worker:
        run, family = start(worker)
        cancelling = {"type": "CANCELLING", "name": "Cancelling"}
        prefect.api.post(f"/flow_runs/{run}/set_state", json={"state": cancelling})
        assert prefect.ended(run)["state_type"] == "CANCELLED", prefect.logs()
        assert psutil.wait_procs(family, timeout=60)[1] == []

        run, family = start(worker)
        family[0].kill()
        assert prefect.ended(run)["state_type"] == "CRASHED", prefect.logs()
        assert psutil.wait_procs(family, timeout=60)[1] == []

    stalled()
    with prefect.worker(account):
        after = prefect.ended(prefect.start_run("sync/daily", **EVENTS_ONLY))

    assert after["state_type"] == "COMPLETED", prefect.logs()
    assert loaded(tmp_path) == served


def test_a_run_goes_on_while_the_server_is_away(
    prefect, account, served, tmp_path, shop, flow_process
):
    # As long as the server takes to stop.
    shop.faults.add(Fault(FaultKind.STALL_BEFORE_HEADERS, times=1, seconds=15))
    with prefect.worker(account) as worker:
        run = prefect.start_run("sync/daily", **EVENTS_ONLY)
        flow_process(worker)
        prefect.stop()
        prefect.wait(lambda: (tmp_path / "data" / "raw.duckdb").exists() or None)
        prefect.start()
        ended = prefect.ended(run)

    assert ended["state_type"] == "COMPLETED", prefect.logs()
    assert loaded(tmp_path) == served


@pytest.fixture
def automations(prefect, tmp_path):
    """Deploys flows/automations.yaml by its command, with messages to a receiver, and returns what it printed.

    Automations that wait for an event wait for some seconds and not for hours, and schema changes are wanted.
    """
    file = tmp_path / "flows" / "automations.yaml"
    file.parent.mkdir()
    shutil.copy(ROOT / "flows" / "automations.py", file.parent)
    content = yaml.safe_load((ROOT / "flows" / file.name).read_text(encoding="utf-8"))

    def deploy(receiver: Receiver, **seconds: int) -> str:
        for each in content:
            each["enabled"] = True
            if each["trigger"]["posture"] == "Proactive":
                name = each["name"].removeprefix("mixpanel ").replace(" ", "_")
                each["trigger"]["within"] = seconds.get(name, 3600)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "flows/automations.py"],
            cwd=tmp_path,
            env={**prefect.env, "ALERTS__URLS": f"json://u:{PASSWORD}@{receiver.place}/hook"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    yield deploy
    for each in prefect.api.post("/automations/filter", json={}).json():
        prefect.api.delete(f"/automations/{each['id']}").raise_for_status()


def test_each_automation_sends_one_message_without_secrets(
    prefect, account, shop, served, stalled, flow_process, tmp_path, days, break_day, automations
):
    with Receiver() as receiver:

        def heard(kind: str, seconds: float = PATIENCE_SECONDS) -> str:
            """Wait for a message of a kind; return its text."""

            def found() -> str | None:
                alerts = [each for each in receiver.alerts if kind in each["title"]]
                return f"{alerts[0]['title']}\n{alerts[0]['message']}" if alerts else None

            return prefect.wait(found, seconds)

        def heard_of_no_worker() -> str:
            """Beside other servers, SQLite may refuse the change of the pool, and its event is lost.

            Then a heartbeat of a worker that is away at once leads to another.
            """
            for _ in range(3):
                with contextlib.suppress(AssertionError):
                    return heard("no worker", 60)
                beat = {"name": "away at once", "heartbeat_interval_seconds": 1}
                path = "/work_pools/mixpanel/workers/heartbeat"
                prefect.api.post(path, json=beat).raise_for_status()
            return heard("no worker", 60)

        # A run hangs, and then its machine is off, with the worker.
        printed = automations(receiver, hangs=10, zombie=25, late=10, no_worker=10)
        with prefect.worker(account) as worker:
            killed = prefect.start_run("sync/reload-trailing", **EVENTS_ONLY)
            process = flow_process(worker)
            family = [process, *process.children(recursive=True)]
            assert f"/runs/flow-run/{killed}" in heard("twelve hours")
            worker.kill()
            worker.wait()
            for each in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        assert prefect.run(killed)["state_type"] == "RUNNING"  # as the pages say
        waiting = prefect.start_run("sync/daily", only="events")
        assert f"/runs/flow-run/{waiting}" in heard("late: daily")
        assert "The work pool mixpanel has had no worker" in heard_of_no_worker()
        assert "No heartbeat for ten minutes" in heard("crashed: ")
        assert prefect.run(killed)["state_type"] == "CRASHED"

        # The machine is on, and the run that waited makes the data fresh. None does so after it for a while.
        printed += automations(receiver, not_fresh=10)
        stalled()
        with prefect.worker(account):
            assert prefect.ended(waiting)["state_type"] == "COMPLETED", prefect.logs()
            assert loaded(tmp_path) == served
            assert f"all was complete up to {days[-1]}" in heard("not fresh")

            # A new event comes, and then a day can't be read.
            printed += automations(receiver)
            noon = datetime.combine(days[-1], datetime.min.time(), tzinfo=UTC)
            shop.dataset.add_event("Refunded", noon, distinct_id="u0", insert_id="refund")
            prefect.ended(prefect.start_run("sync/daily", only="events"))
            assert "new event Refunded" in heard("schema changes")
            break_day(days[-1])
            failed = prefect.ended(prefect.start_run("sync/daily", **EVENTS_ONLY))
            assert failed["state_type"] == "FAILED"
            assert str(days[-1]) in heard("failed: ")
        # Once more the same deployment: no second message.
        second = prefect.start_run("sync/daily", **EVENTS_ONLY)
        state = {"type": "FAILED", "name": "Failed", "message": "Once more."}
        path = f"/flow_runs/{second}/set_state"
        prefect.api.post(path, json={"state": state, "force": True}).raise_for_status()
        time.sleep(5)

    kinds = (
        "twelve hours",
        "late: ",
        "no worker",
        "crashed: ",
        "not fresh",
        "schema changes: ",
        "failed: ",
    )
    titles = [each["title"] for each in receiver.alerts]
    assert [sum(kind in title for title in titles) for kind in kinds] == [1] * 7, titles
    assert len(titles) == 7
    everything = [("printed", printed), ("alerts", json.dumps(receiver.alerts))]
    everything += everywhere(prefect.folder)
    secrets = [*spellings(account["MP_USERNAME"], SECRET).values()]
    secrets += spellings("u", PASSWORD).values()
    assert [where for where, text in everything for secret in secrets if secret in text] == []
