"""The alerts of runs of ``mp sync``, on a loopback receiver; each run is a command."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from support.project import LAST, add_days
from support.receiver import Receiver

from mixpanel_data._internal.publication.schema_changes import SchemaChange
from mixpanel_data._internal.run.history import RunHistory
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import PublishTargetError
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.settings import load_settings
from mixpanel_data.sync import alerting

SECRET, PASSWORD, TOKEN, PING = "account-s3cret-1", "hunter22-pass", "t0ken-of-path", "uuid-of-ping"
DAY = timedelta(days=1)


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


@pytest.fixture
def sync(receiver, tmp_path, monkeypatch):
    """Runs ``mp sync`` over two days of a sandbox; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _zone: LAST + DAY)
    monkeypatch.setattr("mixpanel_data.sync.status.today", lambda _zone: LAST + DAY)
    with Sandbox(today=LAST + DAY, secret=SECRET) as sandbox:
        add_days(sandbox, 2, 5)
        settings = {
            **sandbox.env(),
            "MP_DATA_DIR": str(tmp_path / "data"),
            "MP_START_DATE": str(LAST - DAY),
            "ALERTS__URLS": f"json://u:{PASSWORD}@{receiver.place}/{TOKEN}",
            "ALERTS__PING_URL": f"http://{receiver.place}/{PING}",
            "ALERTS__MAX_AGE": "1000000h",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

        def run_it(*options: str, secret: str = SECRET) -> int:
            monkeypatch.setenv("MP_SECRET", secret)
            return run(["sync", "--no-build", *options])

        yield run_it


def test_a_failure_is_heard_at_the_first_and_third_time_and_its_recovery_once(
    sync, receiver, tmp_path, capsys, caplog
):
    caplog.set_level(logging.DEBUG)
    found, texts = [], ""
    for secret in ["wrong-s3cret"] * 4 + [SECRET] * 2:
        sync(secret=secret)
        texts += json.dumps(receiver.alerts)
        found.append((receiver.titles(), len(receiver.pings)))

    assert found == [
        (["failed"], 0),
        ([], 0),
        (["failed"], 0),
        ([], 0),
        (["recovered"], 1),
        ([], 2),
    ]
    assert "AUTH_FAILED" in texts
    assert "3 in a row" in texts
    assert str(tmp_path / "data") in texts
    printed = capsys.readouterr()
    everywhere = texts + printed.out + printed.err + caplog.text
    everywhere += (tmp_path / "data" / "alerts.json").read_text()
    for secret in (SECRET, "wrong-s3cret", PASSWORD, TOKEN, PING):
        assert secret not in everywhere


def test_a_target_that_stalls_neither_fails_nor_delays_the_sync_and_hears_of_it_later(
    sync, receiver, monkeypatch, capsys
):
    monkeypatch.setenv("ALERTS__TIMEOUT", "0.5")
    sync()
    receiver.stalls.set()
    began = time.monotonic()

    assert sync() == 0
    assert time.monotonic() - began < 15
    assert "ping_url at 127.0.0.1: no answer within 0.5 s" in capsys.readouterr().err
    assert sync(secret="wrong") == 2
    receiver.stalls.clear()
    monkeypatch.setenv("ALERTS__TIMEOUT", "15s")
    assert sync(secret="wrong") == 2
    assert receiver.titles() == ["failed"]


def test_a_killed_run_is_heard_of_by_the_next_one(sync, receiver, tmp_path):
    sync()
    RunHistory(tmp_path / "data" / "runs.jsonl").begin()

    sync(secret="wrong")
    assert receiver.titles() == ["crashed", "failed"]
    sync()
    assert receiver.titles() == ["recovered"]


def test_a_success_that_fetches_less_is_no_recovery(sync, receiver):
    sync(secret="wrong")
    sync("--only", "profiles")

    assert receiver.titles() == ["failed"]
    assert receiver.pings == []
    sync()
    assert receiver.titles() == ["recovered"]


def test_wrong_settings_of_alerts_fail_no_sync(sync, receiver, monkeypatch, capsys):
    monkeypatch.setenv("ALERTS__KINDS", "fails")

    assert sync() == 0
    assert "no alerts are sent: [alerts] can't be used: kinds (from ALERTS__KINDS)" in (
        capsys.readouterr().err
    )


def test_a_typing_error_and_a_stopped_run_are_no_alert(sync, receiver, monkeypatch):
    assert sync("--from", "2026-13-01") == 3

    with pytest.raises(KeyboardInterrupt), alerting(load_settings()):
        raise KeyboardInterrupt

    assert receiver.titles() == []


def test_a_check_hears_of_late_runs_and_old_data_once_and_of_their_end(
    sync, receiver, tmp_path, monkeypatch
):
    sync()
    assert run(["alerts", "check"]) == 0
    runs = tmp_path / "data" / "runs.jsonl"
    past = (datetime.now(UTC) - 3 * DAY).isoformat()
    record = json.loads(runs.read_text().splitlines()[-1])
    runs.write_text(json.dumps({**record, "started_at": past, "ended_at": past}) + "\n")
    monkeypatch.setenv("ALERTS__MAX_AGE", "36h")

    assert [run(["alerts", "check"]) for _ in range(2)] == [8, 8]
    assert receiver.titles() == ["late"]  # and why the data are old is known
    monkeypatch.setenv("ALERTS__MAX_AGE", "1000000h")
    sync()
    assert receiver.titles() == ["recovered"]
    monkeypatch.setenv("ALERTS__MAX_AGE", "36h")
    sync()
    assert [run(["alerts", "check"]) for _ in range(2)] == [8, 8]
    assert receiver.titles() == ["not fresh"]


def test_schema_changes_are_sent_if_wanted_and_failed_copies_in_any_case(
    sync, receiver, monkeypatch
):
    sync("--only", "profiles")
    change = SchemaChange(LAST, "new_event", "Paid\x1b[31m", None, None, None)
    report = SyncReport(schema_changes=[change])

    def end() -> list[str]:
        with alerting(load_settings()) as watch:
            watch.watch(SimpleNamespace(report=report), None)
        return receiver.titles()

    assert end() == []
    monkeypatch.setenv("ALERTS__KINDS", "failed,schema_change")
    with alerting(load_settings()) as watch:
        watch.watch(SimpleNamespace(report=report), None)
    assert "new event Paid[31m." in receiver.alerts[0]["message"]
    assert receiver.titles() == ["schema changes"]
    report.schema_changes.clear()
    report.failed_copies.append(PublishTargetError("warehouse does not answer"))
    assert end() == ["failed"]


def test_a_test_message_names_each_target_without_its_secrets(sync, receiver, capsys, monkeypatch):
    assert run(["alerts", "test"]) == 0
    out = capsys.readouterr().out
    assert f"JSON at {receiver.place}" in out
    assert not any(part in out for part in (PASSWORD, TOKEN, PING))
    assert (receiver.titles(), receiver.pings) == (["test"], [f"/{PING}"])

    receiver.status = 500
    assert run(["alerts", "test"]) == 1
    monkeypatch.delenv("ALERTS__URLS")
    monkeypatch.delenv("ALERTS__PING_URL")
    assert run(["alerts", "test"]) == 3
