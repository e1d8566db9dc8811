"""Promise 9: readers and writers of the published file never block each other."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import psutil
import pytest
import sqlalchemy
from publish.raw_file import Event, RawFile, at
from publish.reader import holding

from mixpanel_data._internal import publish_turns
from mixpanel_data._internal.build import build
from mixpanel_data._internal.data_folder import DataFolder
from mixpanel_data._internal.publish import Published, publish
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


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as readers find it."""
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    return sync(folder, 3).path


def test_promise_9_readers_keep_what_they_opened_while_syncs_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        publish_turns, "SETTLED_SECONDS", 0
    )  # so that only readers stand in the way
    folder = DataFolder.at(tmp_path / "data")

    first = sync(folder, 1)
    with holding(first.path) as old:
        second = sync(folder, 2)
        with holding(second.path) as newer:
            third = sync(folder, 3)  # would be the turn of the file that `old` holds
            with holding(third.path) as newest:
                assert (old.count(), newer.count(), newest.count()) == (1, 2, 3)

    assert third.tables["events"] == 3
    assert third.bytes == folder.published.stat().st_size


def test_a_published_file_is_whole_in_itself(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        kinds = db.execute("select distinct table_type from information_schema.tables").fetchall()
        tables = [row[0] for row in db.execute("show tables").fetchall()]

    assert kinds == [("BASE TABLE",)]
    assert {
        "_build",
        "_metadata",
        "_rejected",
        "_settings",
        "events",
        "identities",
        "profiles",
    } <= set(tables)
    assert not published.with_name("mixpanel.duckdb.wal").exists()


def test_every_published_table_and_column_has_a_comment(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        tables = db.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        columns = db.execute(
            "select table_name || '.' || column_name, comment from duckdb_columns() "
            "where not internal and schema_name = 'main'"
        ).fetchall()

    assert len(tables) > 20
    assert [name for name, comment in tables + columns if not (comment or "").strip()] == []


def test_properties_are_kept_compressed_in_the_old_format(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        held = db.execute(
            "select distinct compression from pragma_storage_info('events') "
            "where column_name = 'properties' and segment_type <> 'VALIDITY'"
        ).fetchall()
        tags = db.execute("select tags from duckdb_databases() where not internal").fetchall()

    assert held == [("ZSTD",)]
    assert tags == [({"storage_version": "v1.2.0+"},)]


def test_an_older_duckdb_reads_it(published: Path) -> None:
    old = Path(sys.prefix) / "old-duckdb"
    code = (
        "import sys, duckdb; db = duckdb.connect(sys.argv[1], read_only=True);"
        "print(duckdb.__version__, db.execute(\"select sum((properties->>'n')::int) from events\").fetchone()[0])"
    )

    read = subprocess.run(
        [sys.executable, "-c", code, str(published)],
        env={**os.environ, "PYTHONPATH": str(old)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert read.stdout.split() == ["1.2.2", "3"]


def test_sqlalchemy_reads_it_as_a_bi_tool_would(published: Path) -> None:
    engine = sqlalchemy.create_engine(f"duckdb:///{published}", connect_args={"read_only": True})
    try:
        inspector = sqlalchemy.inspect(engine)
        tables, views = inspector.get_table_names(), inspector.get_view_names()
        comments = [column["comment"] for column in inspector.get_columns("sessions")]
        with engine.connect() as connection:
            names = connection.execute(sqlalchemy.text("select event, time from events")).all()
    finally:
        engine.dispose()

    assert {"events", "sessions", "daily_active_users"} <= set(tables)
    assert views == []
    assert all(comments)
    assert names == [("Paid", at("2026-01-01 12:00"))] * 3


def test_a_failed_build_names_the_model_and_leaves_the_published_file(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")
    sync(folder, 1)
    with duckdb.connect(folder.raw) as db:
        db.execute("alter table mixpanel.events rename to hidden")

    with pytest.raises(MixpanelDataError, match=r"stg_mixpanel__events.*dbt\.log") as caught:
        build(folder)
    with pytest.raises(MixpanelDataError, match="did not end well"):
        publish(folder)
    assert caught.value.details["failed"] == ["stg_mixpanel__events"]
    assert "_metadata" in caught.value.details["skipped"]
    with holding(folder.published) as reader:
        assert reader.count() == 1

    with duckdb.connect(folder.raw) as db:
        db.execute("alter table mixpanel.hidden rename to events")
    assert sync(folder, 2).tables["events"] == 2


def test_after_a_kill_no_dbt_goes_on_and_the_next_build_works(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")
    RawFile(folder.raw).load(some(2))
    code = (
        "import sys; from mixpanel_data._internal.build import build, DataFolder;"
        "build(DataFolder.at(sys.argv[1]), on_progress=lambda said: print(said, flush=True))"
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
    said: list[str] = []

    result = build(folder, on_progress=said.append)

    assert "model events" in said
    assert said.index("model events") < said.index("model _metadata") == len(said) - 1
    assert {node.name for node in result.nodes} >= {"events", "profiles", "one_row_per_event"}
    assert all(node.ok for node in result.nodes)
