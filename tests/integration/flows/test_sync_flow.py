"""The flow's order of steps, without Prefect around them: each task is replaced by its function."""

import functools
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from support.receiver import Receiver

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError, MixpanelDataError
from mixpanel_data.sync import read_status
from mixpanel_data.sync.job import Sync

from .conftest import ROOT, SECRET


@pytest.fixture
def bare(flow_file, account, monkeypatch):
    """The flow as a plain function, and the artifacts it made."""
    from prefect import Task

    for name, value in account.items():
        monkeypatch.setenv(name, value)
    for name, member in vars(flow_file).copy().items():
        if isinstance(member, Task):
            step = functools.partial(member.fn)
            step.with_options = lambda step=step, **_: step  # such as the assets of a load
            monkeypatch.setattr(flow_file, name, step)
    artifacts = []
    for kind in ("table", "markdown", "progress"):
        create = f"create_{kind}_artifact"
        monkeypatch.setattr(flow_file, create, lambda **kept: artifacts.append(kept))
    return SimpleNamespace(
        run=flow_file.sync.fn,
        backfill=flow_file.backfill.fn,
        build=flow_file.build.fn,
        artifacts=artifacts,
        module=flow_file,
        monkeypatch=monkeypatch,
    )


def test_the_flow_does_what_mp_sync_does(bare, served, published):
    bare.run()

    assert published() == served


def test_the_artifact_has_a_row_a_day_and_the_closing_words(bare, served):
    bare.run(build=False)

    days, page = bare.artifacts
    assert (days["key"], page["key"]) == ("mixpanel-sync", "mixpanel-sync-summary")
    assert {row["day"]: row["rows"] for row in days["table"]} == {
        str(day): count for day, count in served.items()
    }
    assert {tuple(row) for row in days["table"]} == {
        ("day", "rows", "change", "late", "bytes", "seconds", "state")
    }
    assert {row["state"] for row in days["table"]} == {"new"}
    assert all(row["bytes"] > 0 for row in days["table"])
    assert page["markdown"].startswith("# sync ")
    assert "- **Profiles** 3, a complete snapshot" in page["markdown"]
    assert "- **Requests** " in page["markdown"]


def test_a_window_that_stays_faulty_fails_the_run_and_the_others_land(bare, break_day, days):
    break_day(days[0])

    with pytest.raises(ExceptionGroup, match=f"These days are missing: {days[0]}") as caught:
        bare.run(build=False)

    table, page = bare.artifacts
    states = {row["day"]: row["state"] for row in table["table"]}
    assert [error.code for error in caught.value.exceptions] == ["INCOMPLETE_EXPORT"]
    assert (states[str(days[0])], states[str(days[-1])]) == ("missing: INCOMPLETE_EXPORT", "new")
    assert f"mp sync --from {days[0]} --to " in page["markdown"]
    assert "- INCOMPLETE\\_EXPORT: " in page["markdown"]


def test_only_profiles_asks_for_no_events(bare, shop):
    bare.run(only="profiles", build=False)

    assert {call.path for call in shop.requests} == {"/api/query/engage"}


def test_only_events_asks_for_no_profiles(bare, shop, days):
    bare.run(first=days[-1], last=days[-1], only="events", build=False)

    assert [call.fields["from_date"] for call in shop.requests] == [str(days[-1])]


def test_a_second_run_finds_nothing_to_build(bare, shop, monkeypatch, days, only_core):
    monkeypatch.setenv("MP_LOOKBACK_DAYS", "0")
    bare.run(only="events")
    built = []
    monkeypatch.setattr(Sync, "build", lambda job: built.append(job))

    bare.run(only="events")

    assert built == []


def test_a_build_that_fails_is_raised_after_the_report(bare, monkeypatch):
    def fail(_job):
        raise MixpanelDataError("dbt could not build the tables")

    monkeypatch.setattr(Sync, "build", fail)

    with pytest.raises(MixpanelDataError, match="dbt could not build"):
        bare.run()

    table, page = bare.artifacts
    assert {row["state"] for row in table["table"]} == {"new"}
    assert "dbt could not build the tables" in page["markdown"]


def test_days_that_cannot_be_are_refused_before_any_request(bare, shop, days):
    with pytest.raises(ConfigError, match="is after the last"):
        bare.run(first=days[-1], last=days[0])

    assert list(shop.requests) == []


def test_a_back_fill_goes_on_over_many_runs_and_reports_how_far_it_is(bare, shop, days, capsys):
    lines = []
    for _ in range(len(days) + 1):
        shop.requests.clear()
        bare.backfill(days[0], days[-1], max_requests_per_run=1, build=False)
        lines.append(capsys.readouterr().out.splitlines()[-1])
        assert bare.artifacts[-1]["description"] == lines[-1]
        assert len(shop.requests) <= 1
        if not shop.requests:
            break

    assert lines[-1] == f"{len(days)} of {len(days)} days are complete."
    assert list(shop.requests) == []
    complete = [int(line.split()[0]) for line in lines]
    assert complete == sorted(complete)


def test_days_that_a_back_fill_left_over_are_not_missing(bare, break_day, days):
    break_day(days[-1])

    with pytest.raises(ExceptionGroup, match="These days are missing") as caught:
        bare.backfill(days[0], days[-1], max_requests_per_run=1, build=False)

    table = bare.artifacts[0]["table"]
    assert {row["state"] for row in table} == {"missing: INCOMPLETE_EXPORT"}
    assert str(days[0]) not in {row["day"] for row in table}
    assert len(table) < len(days)
    assert str(days[0]) not in str(caught.value)


def test_a_back_fill_begins_with_the_newest_days_unless_it_is_to_begin_with_the_oldest(
    bare, shop, days, monkeypatch
):
    bare.backfill(days[0], days[-1], max_requests_per_run=1, build=False)
    (newest,) = (call.fields["to_date"] for call in shop.requests)
    monkeypatch.setenv("MP_DATA_DIR", str(load_settings().folder.root.with_name("other")))
    shop.requests.clear()
    bare.backfill(days[0], days[-1], max_requests_per_run=1, newest_first=False, build=False)
    (oldest,) = (call.fields["from_date"] for call in shop.requests)

    assert (newest, oldest) == (str(days[-1]), str(days[0]))


def test_the_flow_build_sends_no_request(bare, shop, served, published):
    bare.run(build=False)
    shop.requests.clear()

    bare.build()

    assert published() == served
    assert list(shop.requests) == []


def test_a_folder_in_use_is_left_alone(bare, shop, monkeypatch):
    monkeypatch.setattr(bare.module, "LOCK_WAIT_SECONDS", 0)

    with exclusive(load_settings().folder), pytest.raises(DatabaseLockedError):
        bare.run()

    assert list(shop.requests) == []


def test_no_task_is_given_the_secret_or_keeps_a_result(flow_file):
    from prefect import Task
    from prefect.cache_policies import NO_CACHE

    tasks = [member for member in vars(flow_file).values() if isinstance(member, Task)]

    assert {task.name for task in tasks} >= {"plan", "land", "load", "build", "publish", "report"}
    assert {name for task in tasks for name in task.fn.__annotations__} == {
        *("wanted", "windows", "files", "target", "rows", "what", "return"),
    }
    assert all(task.cache_policy is NO_CACHE for task in tasks)
    assert not any(task.persist_result or task.retries for task in tasks)


def test_the_run_shows_no_secret(bare, capfd):
    bare.run(build=False)

    job = bare.module._job.get()
    written = capfd.readouterr()
    assert SECRET not in "".join([repr(job), repr(vars(job)), *written, str(bare.artifacts)])


def test_loading_the_flow_imports_neither_dlt_nor_dbt(outside):
    code = (
        "import runpy, sys; runpy.run_path('flows/sync.py');"
        "print(sorted({'dlt', 'dbt', 'prefect_dbt'} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=outside, capture_output=True, text=True
    )

    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_each_publish_target_gets_its_copy_and_a_failed_one_fails_the_run(bare, tmp_path, account):
    project = tmp_path / "project"
    (project / ".dlt").mkdir(parents=True)
    (project / ".dlt" / "config.toml").write_text(
        "[publish_targets.disk]\nkind = 'parquet'\npath = 'out'\nafter_sync = true\n"
        "[publish_targets.blocked]\nkind = 'parquet'\npath = 'file/out'\nafter_sync = true\n"
    )
    (project / "file").write_text("")
    bare.monkeypatch.setenv("MP_PROJECT_DIR", str(project))

    with pytest.raises(ExceptionGroup, match="not copied to every publish target") as caught:
        bare.run()

    assert [error.target for error in caught.value.exceptions] == ["blocked"]
    assert (project / "out" / "manifest.json").is_file()
    page = bare.artifacts[-1]["markdown"]
    assert "copied to disk; NOT copied to blocked" in page
    assert "PUBLISH\\_TARGET\\_FAILED: Publish target blocked" in page


def test_a_back_fill_that_the_rate_limit_ends_goes_on_in_the_next_run(
    bare, monkeypatch, days, capsys
):
    monkeypatch.setenv("MP_HOURLY_LIMIT", "1")
    monkeypatch.setenv("MP_MAX_WAIT", "0")

    bare.backfill(days[0], days[-1], build=False)

    done = capsys.readouterr().out.splitlines()[-1]
    assert done == bare.artifacts[-1]["description"]
    assert 0 < int(done.split()[0]) < len(days)
    assert "A later run fetches the other days." in bare.artifacts[-2]["markdown"]
    assert bare.module._job.get().report.failures == []


@pytest.fixture
def receiver(monkeypatch):
    """Receives the alerts of the flows."""
    with Receiver() as running:
        monkeypatch.setenv("ALERTS__URLS", f"json://{running.place}/")
        yield running


def test_a_back_fill_of_many_runs_under_the_rate_limit_sends_no_alert(
    bare, receiver, monkeypatch, days, tmp_path, served
):
    monkeypatch.setenv("MP_LOOKBACK_DAYS", "0")
    monkeypatch.delenv("MP_START_DATE")
    bare.run(first=days[-1], only="events", build=False)
    monkeypatch.setenv("MP_HOURLY_LIMIT", "1")
    monkeypatch.setenv("MP_MAX_WAIT", "0")
    progress = []
    while not progress or not progress[-1].startswith(f"{len(days)} of {len(days)} days"):
        shutil.rmtree(tmp_path / "data" / "budget")  # an hour later
        bare.backfill(days[0], days[-1], build=False)
        progress.append(bare.artifacts[-1]["description"])
        status = read_status(load_settings())
        assert status.failed_runs == 0, progress
        # As long as older days are missing, `mp status --max-age` calls the data not fresh.
        assert status.is_fresh == (not status.gaps)

    assert len(progress) >= 2
    assert receiver.alerts == []

    # In an hour whose requests others used up nothing arrives; the third such run in a row is an alert.
    other = [days[0] - timedelta(days=n) for n in (9, 1)]
    found = []
    for _ in range(4):
        bare.backfill(*other, build=False)
        found.append(receiver.titles())
    assert found == [[], [], ["failed"], []]
    shutil.rmtree(tmp_path / "data" / "budget")
    bare.backfill(*other, build=False)
    assert receiver.titles() == ["recovered"]


def test_of_a_day_that_fails_each_night_the_first_and_third_run_are_alerts_and_the_recovery(
    bare, receiver, shop, break_day, days
):
    break_day(days[2])
    found = []
    for night in range(6):
        if night == 4:
            shop.faults.clear()
        with suppress(ExceptionGroup):
            bare.run(only="events", build=False)
        found.append(receiver.titles())

    assert found == [["failed"], [], ["failed"], [], ["recovered"], []]


def test_a_server_that_is_down_when_the_run_is_named_does_not_fail_it(bare, served, caplog):
    def down(**_):
        raise RuntimeError("Failed to reach API")

    flow_run = bare.module.runtime.flow_run
    bare.monkeypatch.setattr(flow_run, "id", str(uuid4()), raising=False)
    bare.monkeypatch.setattr(flow_run, "get_flow_name", lambda: "sync")
    for call in ("get_client", "create_table_artifact", "create_markdown_artifact"):
        bare.monkeypatch.setattr(bare.module, call, down)

    bare.run(only="events", build=False)

    rows = bare.module._job.get().report.days
    assert {day.day: day.rows for day in rows} == served
    assert caplog.text.count("Failed to reach API") == 4
