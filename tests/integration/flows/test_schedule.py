"""End to end: a server, a worker, flows/prefect.yaml deployed: runs of the schedule, what their pages show, outages,
kills and cancellations. All tests share one server.

The first is the canary of two version bounds in pyproject.toml: with newer ones the server dies, or never makes a
scheduled run.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psutil
import pytest
from support.echoes import everywhere, spellings
from support.prefect_server import PrefectServer, deployed

from mixpanel_data.sandbox import Fault, FaultKind

from .conftest import EVENTS_ONLY, SECRET, loaded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def prefect(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[PrefectServer]:
    """A server whose database is SQLite, Prefect's default."""
    folder = tmp_path_factory.mktemp("prefect")
    shutil.copy(prefect_database, folder)
    with deployed(folder) as server:
        yield server


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
