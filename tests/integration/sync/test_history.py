"""What ``mp status`` knows of runs: the last attempt and its error, the last success, metrics."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mixpanel_data._internal.data_folder import lock
from mixpanel_data._internal.run.history import KEPT, RunHistory
from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import DatabaseLockedError
from mixpanel_data.sandbox import Fault, FaultKind
from mixpanel_data.sync import exclusive, read_status

from .conftest import LAST

DAY = timedelta(days=1)


@pytest.fixture
def today(monkeypatch):
    """The status is read on the day after the last one."""
    monkeypatch.setattr("mixpanel_data.sync.status.today", lambda _zone: LAST + DAY)


@pytest.fixture
def status(project):
    return lambda: read_status(project.settings())


def test_a_run_that_fails_is_the_last_attempt_and_its_error_is_named(project, fill, status):
    fill(3)
    project.sync(LAST - 2 * DAY, LAST)
    succeeded = status().last_success
    project.sync(LAST, LAST, secret="wrong")
    project.sync(LAST, LAST, secret="wrong")

    found = status()

    assert found.failed_runs == 2
    assert found.last_attempt.errors[0][0] == "AUTH_FAILED"
    assert found.last_attempt.days_missing == (str(LAST),)
    assert found.last_success == succeeded
    assert found.to_dict()["last_attempt"]["ok"] is False


def test_an_exception_that_ends_a_run_is_its_error(project, fill, status, monkeypatch):
    fill(1)
    project.settings().folder.create()
    job = project.job()

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(job), "events", fail)
    with pytest.raises(OSError, match="No space"):
        job.run(first=LAST, last=LAST, only="events", build=False)

    assert [code for code, _ in status().last_attempt.errors] == ["OSError"]


def test_a_run_that_succeeds_ends_the_row_of_failures(project, fill, status):
    fill(1)
    project.sync(LAST, LAST, secret="wrong")
    project.sync(LAST, LAST)

    found = status()

    assert found.failed_runs == 0
    assert found.last_attempt.ok
    assert (found.last_attempt.days_loaded, found.last_attempt.events) == (1, found.events)


def test_a_run_that_was_killed_has_no_end_and_counts_as_failed(project, fill, status):
    fill(1)
    project.sync(LAST, LAST)
    RunHistory(project.folder / "runs.jsonl").begin()

    found = status()

    assert (found.last_attempt.ended_at, found.failed_runs) == (None, 1)


def test_the_history_is_bounded_and_survives_lines_that_cannot_be_read(tmp_path):
    history = RunHistory(tmp_path / "runs.jsonl")
    for _ in range(KEPT + 5):
        history.end(history.begin(), [])
    with history._path.open("a") as file:
        file.write('{"started_at": 1}\nnot JSON\n[]\n')

    records = history.read()

    assert len(records) == KEPT
    assert all(record.ok for record in records)


def test_the_newest_days_without_events_are_counted(project, fill, status, today):
    fill(3)
    project.sync(LAST - 2 * DAY, LAST + DAY)
    empty = sum(1 for record in status().records if record.row_count == 0)

    assert status().empty_newest_days == empty


def test_days_behind_are_those_up_to_yesterday_that_are_missing_at_the_end(
    project, fill, status, today
):
    fill(4)
    project.sync(LAST - 3 * DAY, LAST - 2 * DAY)

    assert status().days_behind == 2


def test_the_metrics_are_those_of_the_status(project, fill, status, today, monkeypatch, capsys):
    fill(4)
    project.sync(LAST - 3 * DAY, LAST - 2 * DAY)
    project.sync(LAST, LAST)
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))
    capsys.readouterr()

    assert run(["status", "--format", "prometheus"]) == 0

    families = list(text_string_to_metric_families(capsys.readouterr().out))
    samples = {each.name: each for family in families for each in family.samples}
    values = {name.removeprefix("mixpanel_data_"): each.value for name, each in samples.items()}
    found = status()
    assert all(family.documentation and family.type == "gauge" for family in families)
    assert {each.labels["project_id"] for each in samples.values()} == {found.project[0]}
    midnight = datetime.combine(LAST - 2 * DAY, datetime.min.time(), UTC).timestamp()
    assert values["complete_day_timestamp_seconds"] == midnight
    assert (values["gap_days"], values["days_behind"], values["events"]) == (1, 2, found.events)
    assert values["file_bytes"] == (project.folder / "raw.duckdb").stat().st_size
    assert values["failed_runs"] == 0


def test_metrics_and_rows_of_days_exclude_each_other(project, monkeypatch, capsys):
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))

    assert run(["status", "--days", "--format", "prometheus"]) == 3
    assert "--days" in capsys.readouterr().err


def test_a_wait_for_the_lock_names_the_holder_each_half_minute(project, monkeypatch):
    monkeypatch.setattr(lock, "REPORT_SECONDS", 0.1)
    folder = project.settings().folder
    seen = []

    with (
        exclusive(folder),
        pytest.raises(DatabaseLockedError, match="is in use by process"),
        exclusive(folder, wait_seconds=0.5, on_locked=lambda *about: seen.append(about)),
    ):
        pass

    assert len(seen) >= 3
    assert {holder.split()[1] for holder, _ in seen} == {str(os.getpid())}
    left = [seconds for _, seconds in seen]
    assert left == sorted(left, reverse=True)
    assert max(left) <= 0.5


@pytest.mark.parametrize("kind", [FaultKind.CUT_GZIP])
def test_a_cut_export_is_an_error_of_the_history(project, fill, status, kind):
    fill(1)
    project.sandbox.faults.add(Fault(kind, times=None))
    project.sync(LAST, LAST)

    assert [code for code, _ in status().last_attempt.errors] == ["INCOMPLETE_EXPORT"]
