"""Promise 9: readers and writers of the published file never block each other."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import psutil
import pytest
from support.raw_file import Event, RawFile, at
from support.reader import holding

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.publish import Published, publish
from mixpanel_data._internal.transform.build import build
from mixpanel_data.exceptions import MixpanelDataError

pytestmark = pytest.mark.usefixtures("only_core")
DAY = date(2026, 1, 1)


def some(count: int) -> dict[date, list[Event]]:
    return {
        DAY: [
            Event(at("2026-01-01 12:00"), insert_id=f"i{n}", properties={"n": n})
            for n in range(count)
        ]
    }


def sync(folder: DataFolder, events: int) -> Published:
    """What a sync does after the fetch: the day has this many events now."""
    RawFile(folder.raw).load(some(events))
    build(folder)
    return publish(folder)


@pytest.mark.e2e
def test_promise_9_readers_keep_what_they_opened_while_syncs_go_on(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")

    first = sync(folder, 1)
    with holding(first.path) as old:
        second = sync(folder, 2)
        with holding(second.path) as newer:
            third = sync(folder, 3)
            with holding(third.path) as newest:
                assert (old.count(), newer.count(), newest.count()) == (1, 2, 3)

    assert third.tables["events"] == 3
    assert third.bytes == folder.published.stat().st_size


@pytest.mark.e2e
def test_a_failed_build_names_the_model_and_leaves_the_published_file(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")
    sync(folder, 1)
    with duckdb.connect(folder.raw) as db:
        db.execute("alter table mixpanel.events rename to hidden")

    with pytest.raises(MixpanelDataError, match=r"(?s)stg_mixpanel__events.*dbt\.log") as caught:
        build(folder)
    with pytest.raises(MixpanelDataError, match="did not succeed"):
        publish(folder)
    assert caught.value.details["failed"] == [
        "stg_mixpanel__events",
        "raw_rows_are_those_of_the_ledger",
    ]
    assert "events" in caught.value.details["skipped"]
    with holding(folder.published) as reader:
        assert reader.count() == 1

    with duckdb.connect(folder.raw) as db:
        db.execute("alter table mixpanel.hidden rename to events")
    assert sync(folder, 2).tables["events"] == 2


@pytest.mark.e2e
def test_after_a_kill_no_dbt_goes_on_and_the_next_build_works(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")
    RawFile(folder.raw).load(some(2))
    code = (
        "import sys; from mixpanel_data._internal.transform.build import build, DataFolder;"
        "build(DataFolder.at(sys.argv[1]), on_progress=lambda line: print(line, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder.root)], stdout=subprocess.PIPE, text=True
    ) as doomed:
        assert doomed.stdout
        assert any(line == "model events\n" for line in doomed.stdout)
        dbt = psutil.Process(doomed.pid).children()
        doomed.kill()
        assert dbt
        assert psutil.wait_procs(dbt, timeout=10)[1] == []

    build(folder)

    assert publish(folder).tables["events"] == 2


def test_without_raw_data_there_is_nothing_to_build(tmp_path: Path) -> None:
    with pytest.raises(MixpanelDataError, match="mp sync"):
        build(DataFolder.at(tmp_path))


def test_progress_names_the_models_as_they_start(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    RawFile(folder.raw)
    lines: list[str] = []

    result = build(folder, on_progress=lines.append)

    assert "model events" in lines
    assert lines.index("model events") < lines.index("model identities")
    assert {node.name for node in result.nodes} >= {"events", "profiles", "one_row_per_event"}
    assert all(node.ok for node in result.nodes)
