"""End to end: flows/automations.yaml on a server with a worker: each kind of message is sent once, without secrets."""

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import yaml
from support.echoes import everywhere, spellings
from support.postgres_server import serving_postgres
from support.prefect_server import PrefectServer, deployed
from support.receiver import Receiver

from .conftest import EVENTS_ONLY, ROOT, SECRET, loaded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

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


@pytest.fixture
def prefect(tmp_path: Path) -> Iterator[PrefectServer]:
    """A server that finds within seconds that something is missing.

    A request that finds SQLite locked for more than its wait fails, and the event it would have
    recorded is lost. So docs/schedulers/prefect.md advises PostgreSQL for automations.
    """
    folder = tmp_path / "prefect"
    folder.mkdir()
    with serving_postgres() as port:
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
        with deployed(folder, PREFECT_SERVER_DATABASE_CONNECTION_URL=url, **QUICK) as server:
            yield server


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

    return deploy


def test_each_automation_sends_one_message_without_secrets(
    prefect, account, shop, served, stalled, flow_process, tmp_path, days, break_day, automations
):
    with Receiver() as receiver:

        def heard(kind: str) -> str:
            """Wait for a message of a kind; return its text."""

            def found() -> str | None:
                alerts = [each for each in receiver.alerts if kind in each["title"]]
                return f"{alerts[0]['title']}\n{alerts[0]['message']}" if alerts else None

            return prefect.wait(found)

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
        assert "The work pool mixpanel has had no worker" in heard("no worker")
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
