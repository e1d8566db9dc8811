"""Copies as Parquet files on a disk: what is written, what readers see, what a failure leaves."""

import json
import os
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support import parquet_reader
from support.publication import ODD, PublishedFolder

from mixpanel_data._internal.publish_targets import parquet, parquet_stores
from mixpanel_data._internal.publish_targets.publish import check_target, publish
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseLockedError,
    NothingPublishedError,
    PublishTargetError,
)

KILLED = 9


def out(made: PublishedFolder) -> Path:
    return made.root / "out"


def all_files(made: PublishedFolder) -> set[str]:
    return {
        path.relative_to(out(made)).as_posix()
        for path in out(made).rglob("*")
        if path.is_file() and path.name != ".mp-publish.lock"
    }


def copy(made: PublishedFolder, **options: bool):
    return publish("disk", settings=made.settings(), **options)


def test_files_hold_the_rows_and_the_manifest_says_what_they_are(made):
    made.statements.append(
        "insert into totals values " + ", ".join(f"('n{n}', null, 'nan')" for n in range(3))
    )
    made.publish(1)

    done = copy(made)

    found = parquet_reader.manifest(out(made))
    assert done.tables == {"_build": 1, "events": 72, "sessions": 72, "totals": 4}
    assert (done.written_rows, done.written_files) == (149, 8)
    assert found["publication"] == done.publication
    assert found["built_at"] == "2026-02-01T01:00:00Z"
    assert found["tables"]["events"]["rows"] == 72
    assert found["tables"]["events"]["day_column"] == "event_date"
    assert found["tables"]["events"]["comment"].startswith("What users did.")
    assert found["tables"]["totals"]["day_column"] is None
    types = {column["name"]: column["type"] for column in found["tables"]["events"]["columns"]}
    assert types["event_key"] == types["properties"] == "VARCHAR"
    assert types["event_date"] == "DATE"
    assert parquet_reader.rows(
        out(made),
        "select event_date, count(*), sum(version), any_value(properties->>'big') from t group by 1 order by 1",
    ) == [(date(2026, 1, day), 24, 24, "123456789012345678901234567890") for day in (1, 2, 3)]


def test_every_value_comes_back_as_it_is_published(made):
    made.statements += [
        "create table odd (a varchar, b varchar, c varchar, d timestamp, e varchar[], f double, g decimal(9, 2), "
        "h struct(x integer), i blob, j timestamp[])",
        *(
            f"insert into odd values ({texts}, timestamp '2026-01-01 00:00:00.123456', ['', null, '\"'], -0.0, 1.50, "
            "{'x': 1}, '\\x00\\xFF', [timestamp 'infinity'])"
            for texts in ODD
        ),
    ]
    made.publish(1)

    copy(made)

    with duckdb.connect(str(made.data / "mixpanel.duckdb"), read_only=True) as db:
        published = db.execute("select * from odd order by all").fetchall()
    assert parquet_reader.rows(out(made), "select * from t order by all", "odd") == published


def test_only_changed_days_are_written(made):
    made.publish(1, days=10)
    copy(made)
    before = parquet_reader.manifest(out(made))
    made.publish(2, days=11, changed=2)  # the last former day, and a new one

    done = copy(made)

    after = parquet_reader.manifest(out(made))
    by_day = [
        {file["day"]: file["path"] for file in found["tables"]["events"]["files"]}
        for found in (before, after)
    ]
    # The first publication has its version in all rows.
    assert done.written_rows > 0
    assert len(by_day[1]) == 11

    made.publish(3, days=11, changed=2)
    done = copy(made)

    third = {
        f["day"]: f["path"] for f in parquet_reader.manifest(out(made))["tables"]["events"]["files"]
    }
    changed = [day for day, path in third.items() if by_day[1][day] != path]
    assert changed == ["2026-01-10", "2026-01-11"]
    # Those two days of events and of sessions; the small tables whole.
    assert done.written_rows == 2 * 2 * 24 + 1 + 1


def test_the_same_publication_writes_nothing(made):
    made.publish(1)
    copy(made)

    done = copy(made)

    assert (done.written_rows, done.written_files, done.is_new) == (0, 0, True)
    assert not copy(made, only_if_new=True).is_new


def test_a_day_that_went_and_a_table_that_went_are_no_longer_named(made):
    made.statements.append("create table extra as select 1 as one")
    made.publish(1, days=5)
    copy(made)
    made.statements.clear()
    made.publish(2, days=4)

    copy(made)

    found = parquet_reader.manifest(out(made))
    assert set(found["tables"]) == {"_build", "events", "sessions", "totals"}
    assert len(found["tables"]["events"]["files"]) == 4


def test_a_table_without_rows_and_rows_without_a_day_have_files(made):
    made.statements += [
        "delete from sessions",
        "insert into events (event, version) values ('without a day', 1)",
    ]
    made.publish(1)

    copy(made)

    assert parquet_reader.rows(out(made), "select count(*) from t", "sessions") == [(0,)]
    assert parquet_reader.rows(out(made), "select count(*), count(event_date) from t") == [(73, 72)]
    assert copy(made).written_rows == 0


def test_the_same_rows_with_another_type_are_written(made):
    made.publish(1)
    copy(made)
    made.statements.append("alter table events alter version type bigint")
    made.publish(1)

    assert copy(made).written_rows == 72


def test_a_file_that_is_missing_or_cut_is_written_once_more(made):
    made.publish(1)
    copy(made)
    first, second, _ = parquet_reader.paths(parquet_reader.manifest(out(made)), "events")
    (out(made) / first).unlink()
    os.truncate(out(made) / second, 100)

    done = copy(made)

    assert done.written_rows == 48
    assert parquet_reader.rows(out(made), "select count(*) from t") == [(72,)]


def test_old_files_stay_for_readers_and_are_deleted_after_a_while(made):
    made.publish(1)
    copy(made)
    first = parquet_reader.manifest(out(made))
    made.publish(2)

    copy(made)

    old = {path for table in first["tables"] for path in parquet_reader.paths(first, table)}
    assert old <= all_files(made)
    assert {file["path"] for file in parquet_reader.manifest(out(made))["former_files"]} == old

    made.configure(disk={"kind": "parquet", "path": "out", "keep_for": 0})
    copy(made)

    found = parquet_reader.manifest(out(made))
    assert found["former_files"] == []
    current = {path for table in found["tables"] for path in parquet_reader.paths(found, table)}
    assert all_files(made) == {"manifest.json", *current}


def test_files_of_others_are_not_deleted(made):
    made.configure(disk={"kind": "parquet", "path": "out", "keep_for": 0})
    made.publish(1)
    copy(made)
    (out(made) / "mine.parquet").write_bytes(b"x")
    (out(made) / "tables" / "notes.txt").write_bytes(b"x")

    copy(made)

    assert {"mine.parquet", "tables/notes.txt"} <= all_files(made)


def test_tables_and_exclude_choose(made):
    made.publish(1)
    made.configure(
        disk={
            "kind": "parquet",
            "path": "out",
            "tables": ["events", "totals"],
            "exclude": ["EVENTS"],
        }
    )

    assert set(copy(made).tables) == {"totals"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tables": ["event"]}, "there is no published table 'event'. There are: _build, events"),
        ({"tables": ["events"], "exclude": ["events"]}, "leave no table to copy"),
        ({"by_day": ["totals"]}, "`by_day` names totals"),
    ],
)
def test_settings_that_do_not_fit_the_publication_are_named(made, settings, message):
    made.publish(1)
    made.configure(disk={"kind": "parquet", "path": "out", **settings})

    with pytest.raises(ConfigError, match=message):
        copy(made)


def test_without_a_publication_nothing_is_made(made):
    with pytest.raises(NothingPublishedError):
        copy(made)

    assert not (out(made) / "manifest.json").exists()


def test_a_manifest_of_another_tool_is_not_replaced(made):
    made.publish(1)
    out(made).mkdir()
    (out(made) / "manifest.json").write_text('{"nodes": {}}')

    with pytest.raises(ConfigError, match="is not a manifest of mp"):
        copy(made)

    assert json.loads((out(made) / "manifest.json").read_text()) == {"nodes": {}}


def test_a_second_copy_at_the_same_time_is_refused(made):
    made.publish(1)
    second: list[BaseException] = []

    def on_table(table: str) -> None:
        if table == "events":
            with pytest.raises(DatabaseLockedError, match="another copy to it runs") as raised:
                copy(made)
            second.append(raised.value)

    publish("disk", settings=made.settings(), on_table=on_table)

    assert len(second) == 1


def test_a_second_copy_from_another_data_folder_is_refused(made, tmp_path):
    made.publish(1)
    other = PublishedFolder(
        tmp_path / "other", {"disk": {"kind": "parquet", "path": str(out(made))}}
    )
    other.publish(2)

    def on_table(table: str) -> None:
        if table == "events":
            with pytest.raises(DatabaseLockedError, match=r"another copy to .*out runs"):
                publish("disk", settings=other.settings())

    publish("disk", settings=made.settings(), on_table=on_table)


def test_a_manifest_that_another_copy_wrote_meanwhile_is_kept(made):
    made.publish(1)
    copy(made)
    made.publish(2)
    path = out(made) / "manifest.json"

    def on_table(table: str) -> None:
        path.write_text(path.read_text() + " ")

    with pytest.raises(DatabaseLockedError, match="ended during this one"):
        publish("disk", settings=made.settings(), on_table=on_table)

    assert parquet_reader.rows(out(made), "select distinct version from t") == [(1,)]


def test_a_file_that_differs_after_writing_is_an_error_and_readers_keep_theirs(made, monkeypatch):
    made.publish(1)
    copy(made)
    made.publish(2)
    monkeypatch.setattr(parquet_stores._Folder, "put", lambda *_: "0" * 64)

    with pytest.raises(PublishTargetError, match="differs from the publication"):
        copy(made)

    assert parquet_reader.rows(out(made), "select distinct version from t") == [(1,)]


def test_rows_that_get_lost_while_writing_are_an_error(made, monkeypatch):
    made.publish(1)
    write = parquet._TableWriter._write_files

    def losing(self, days):
        found = write(self, days)
        for paths in found.values():
            self._db.execute(
                f"copy (from read_parquet('{paths[0]}', hive_partitioning = false) limit 10) to '{paths[0]}'"
            )
        return found

    monkeypatch.setattr(parquet._TableWriter, "_write_files", losing)

    with pytest.raises(PublishTargetError, match=r"of table events of 2026-01-01 .*differs"):
        copy(made)

    assert not (out(made) / "manifest.json").exists()


def test_a_path_that_is_a_file_is_named(made):
    made.publish(1)
    out(made).write_text("")

    with pytest.raises(PublishTargetError, match="File exists"):
        copy(made)
    with pytest.raises(PublishTargetError, match="File exists"):
        check_target("disk", settings=made.settings())
    made.configure(disk={"kind": "parquet", "path": "out/below"})
    with pytest.raises(PublishTargetError, match="Not a directory"):
        copy(made)


def test_too_little_memory_is_named_with_its_setting_and_readers_keep_theirs(made):
    made.publish(1)
    copy(made)
    made.statements.append(
        "create table big as select md5(i::varchar) || repeat('x', 1000) as t from range(50000) r(i)"
    )
    made.publish(2)
    settings = load_settings({"MP_PROJECT_DIR": str(made.root), "MP_MEMORY_LIMIT": "2MB"})

    with pytest.raises(PublishTargetError, match="MP_MEMORY_LIMIT"):
        publish("disk", settings=settings)

    assert parquet_reader.rows(out(made), "select distinct version from t") == [(1,)]


def test_a_check_says_what_is_there(made):
    assert "nothing is published there" in check_target("disk", settings=made.settings())
    made.publish(1)
    done = copy(made)

    assert f"it has publication {done.publication}" in check_target(
        "disk", settings=made.settings()
    )
    assert ".mp-check" not in all_files(made)


_KILL = """
import os, signal, sys
from mixpanel_data._internal.publish_targets import parquet, parquet_stores
from mixpanel_data._internal.publish_targets.publish import publish

def die(*_args, **_rest):
    os.kill(os.getpid(), signal.SIGKILL)

stage = sys.argv[1]
if stage == "file":
    put = parquet_stores._Folder.put
    parquet_stores._Folder.put = lambda self, file, path: die() if "sessions" in path else put(self, file, path)
elif stage == "before manifest":
    parquet_stores._Folder.write = die
elif stage == "after manifest":
    parquet._delete_old = die
publish("disk", on_table=lambda table: die() if stage == table else None)
"""


@pytest.mark.parametrize("stage", ["events", "file", "before manifest", "after manifest"])
def test_a_kill_leaves_one_whole_publication_and_the_next_copy_deletes_what_is_left(made, stage):
    made.configure(disk={"kind": "parquet", "path": "out", "keep_for": 0})
    made.publish(1)
    copy(made)
    made.publish(2)

    killed = subprocess.run([sys.executable, "-c", _KILL, stage], env=made.environment, check=False)

    assert killed.returncode == -KILLED
    version = 2 if stage == "after manifest" else 1
    for table in ("events", "sessions", "totals"):
        assert parquet_reader.rows(out(made), "select distinct version from t", table) == [
            (version,)
        ]

    made.publish(3)
    copy(made)

    found = parquet_reader.manifest(out(made))
    current = {path for table in found["tables"] for path in parquet_reader.paths(found, table)}
    assert all_files(made) == {"manifest.json", *current}
    assert parquet_reader.rows(out(made), "select distinct version from t") == [(3,)]


def test_a_reader_in_a_loop_sees_one_publication_or_the_next(made):
    made.publish(1)
    copy(made)
    seen: list[tuple[int, ...]] = []
    failures: list[BaseException] = []
    ended = threading.Event()

    def read() -> None:
        with duckdb.connect() as db:
            while not ended.is_set():
                try:
                    found = parquet_reader.manifest(out(made))
                    versions = []
                    for table in ("events", "sessions", "totals"):
                        files = [
                            str(out(made) / path) for path in parquet_reader.paths(found, table)
                        ]
                        rows = db.execute(
                            f"select list(distinct version), count(*) from read_parquet({files})"
                        ).fetchone()
                        assert rows is not None
                        assert rows[1] == found["tables"][table]["rows"]
                        versions += rows[0]
                    seen.append(tuple(versions))
                except BaseException as error:  # noqa: BLE001  (the test shows it)
                    failures.append(error)
                    return

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(2, 7):
        made.publish(version, days=version)
        copy(made)
    ended.set()
    reader.join()

    assert failures == []
    assert {len(set(versions)) for versions in seen} == {1}
    assert len(set(seen)) > 1
