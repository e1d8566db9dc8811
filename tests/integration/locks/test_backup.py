"""A backup of a data folder in use is one state of it, and a restore gives back exactly that state."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    DatabaseMissingError,
    NothingPublishedError,
)
from mixpanel_data.sync import back_up, check_folder, restore
from mixpanel_data.sync.backup import MANIFEST

HOLD_OPEN = """
import duckdb, sys
db = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
KILLED_IN_A_LOG = """
import duckdb, os, sys
db = duckdb.connect(sys.argv[1])
db.execute("SET wal_autocheckpoint = '1TB'")
db.execute("CREATE TABLE last_minute AS SELECT 42 AS answer")
os._exit(0)
"""


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Another process has the database open for writing."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield
        process.communicate()


def folder_of(project) -> DataFolder:
    return DataFolder.at(project.folder)


def contents(root: Path) -> dict[str, bytes]:
    """Every file but those that each run writes."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


def add_table(path: Path, name: str) -> None:
    with duckdb.connect(str(path)) as db:
        db.execute(f"CREATE TABLE {name} AS SELECT 42 AS answer")


def answer(path: Path, name: str) -> int:
    with duckdb.connect(str(path), read_only=True) as db:
        [(found,)] = db.execute(f"FROM {name}").fetchall()
        return int(found)


def test_a_restored_folder_is_the_one_that_was_backed_up(project, tmp_path):
    folder = folder_of(project)
    add_table(folder.workspace, "january")
    add_table(folder.build / "next.duckdb", "snapshot_of_mine")
    before = project.loaded_days()
    made = project.mp.run("backup", str(tmp_path / "backup"), "--format", "json")
    assert made.returncode == 0, made.stderr
    days = project.published_days()
    shutil.rmtree(project.folder)

    done = project.mp.run("restore", str(tmp_path / "backup"))

    assert done.returncode == 0, done.stderr
    assert "agree with the ledger" in done.stderr
    assert project.loaded_days() == before
    assert project.published_days() == days
    assert answer(folder.workspace, "january") == 42
    assert answer(folder.build / "next.duckdb", "snapshot_of_mine") == 42
    assert json.loads(made.stdout)["events"] == before.total()
    project.sandbox.requests.clear()
    project.assert_complete_after()
    known = {str(day) for day in sorted(before)[:-5]}
    assert not {first for first, _ in project.asked()} & known


def test_a_backup_is_private_and_holds_no_secret_and_no_working_file(project, tmp_path):
    back_up(folder_of(project), tmp_path / "a" / "backup")

    found = contents(tmp_path / "a" / "backup")
    assert set(found) == {"raw.duckdb", "build/next.duckdb", MANIFEST}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["backup"]
    secret = project.sandbox.env()["MP_SECRET"].encode()
    assert not [name for name, content in found.items() if secret in content]
    paths = [tmp_path / "a" / "backup", *(tmp_path / "a" / "backup").rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in paths} == {0}


def test_a_write_ahead_log_is_in_the_backup_and_the_folder_keeps_its_own(project, tmp_path):
    raw = folder_of(project).raw
    subprocess.run([sys.executable, "-c", KILLED_IN_A_LOG, str(raw)], check=True)
    assert raw.with_name("raw.duckdb.wal").exists()
    before = contents(project.folder)

    back_up(folder_of(project), tmp_path / "backup")

    assert contents(project.folder) == before
    assert not list((tmp_path / "backup").glob("*.wal"))
    assert answer(tmp_path / "backup" / "raw.duckdb", "last_minute") == 42


def test_a_running_sync_is_waited_for_and_named(project, tmp_path):
    with exclusive(folder_of(project)):
        ended = project.mp.run("backup", str(tmp_path / "backup"), "--lock-wait", "0")
        refused = project.mp.run("restore", str(tmp_path / "backup"), "--replace")

    assert ended.returncode == 7, ended.stderr
    assert str(os.getpid()) in ended.stderr
    assert refused.returncode == 3  # there is no backup
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("name", ["raw.duckdb", "workspace.duckdb"])
def test_a_database_that_a_program_writes_to_is_not_copied(project, tmp_path, monkeypatch, name):
    monkeypatch.setattr("mixpanel_data.sync.backup.LONGEST_END_SECONDS", 0.3)
    folder = folder_of(project)

    with held_open(project.folder / name):
        with pytest.raises(DatabaseLockedError, match=name):
            back_up(folder, tmp_path / "backup")
        if name == "workspace.duckdb":
            back_up(folder, tmp_path / "backup", workspace=False)

    assert (tmp_path / "backup").exists() == (name == "workspace.duckdb")
    assert not list(tmp_path.glob(".*.part"))


def test_readers_of_the_published_file_and_of_the_build_are_no_obstacle(project, tmp_path):
    folder = folder_of(project)
    with (
        duckdb.connect(str(folder.published), read_only=True) as reader,
        duckdb.connect(str(folder.raw), read_only=True),
    ):
        back_up(folder, tmp_path / "backup")
        restore(tmp_path / "backup", folder, replace=True)
        assert reader.execute("SELECT count(*) > 0 FROM events").fetchall() == [(True,)]

    assert check_folder(folder).disagreements == ()


def test_no_backup_is_made_of_a_damaged_database(project, tmp_path):
    raw = folder_of(project).raw
    content = bytearray(raw.read_bytes())
    content[12_300] ^= 0xFF
    raw.write_bytes(content)

    with pytest.raises(DatabaseDamagedError) as caught:
        back_up(folder_of(project), tmp_path / "backup")

    assert str(raw) in str(caught.value)
    assert not list(tmp_path.glob("*backup*"))


def test_no_backup_is_made_of_a_folder_without_databases_or_of_one_that_lost_its_raw_one(
    project, tmp_path
):
    with pytest.raises(NothingPublishedError):
        back_up(DataFolder.at(tmp_path / "none"), tmp_path / "backup")
    folder_of(project).raw.unlink()
    with pytest.raises(DatabaseMissingError):
        back_up(folder_of(project), tmp_path / "backup")

    assert not list(tmp_path.glob("*backup*"))


def test_an_existing_backup_is_never_overwritten(project, tmp_path):
    back_up(folder_of(project), tmp_path / "backup")
    before = contents(tmp_path / "backup")

    with pytest.raises(ConfigError, match="name another"):
        back_up(folder_of(project), tmp_path / "backup")

    assert contents(tmp_path / "backup") == before


def test_rows_that_differ_from_the_ledger_are_named_and_still_backed_up(project, tmp_path):
    raw = folder_of(project).raw
    with duckdb.connect(str(raw)) as db:
        db.execute(f"DELETE FROM mixpanel.events WHERE time::DATE = DATE '{project.days[-3]}'")

    ended = project.mp.run("backup", str(tmp_path / "backup"))
    restored = project.mp.run("restore", str(tmp_path / "backup"), "--replace")

    assert (ended.returncode, restored.returncode) == (6, 6)
    for shown in (ended.stderr, restored.stderr):
        assert str(project.days[-3]) in shown
        assert "mp verify --repair" in shown
    project.mp.run("verify", "--repair")
    project.assert_complete_after()


def test_a_folder_with_data_is_refused_and_with_replace_its_files_are_kept(project, tmp_path):
    folder = folder_of(project)
    back_up(folder, tmp_path / "backup")
    add_table(folder.raw, "newer")
    before = contents(project.folder)

    with pytest.raises(ConfigError, match="--replace") as caught:
        restore(tmp_path / "backup", folder)
    assert "raw.duckdb" in str(caught.value)
    assert contents(project.folder) == before

    done = restore(tmp_path / "backup", folder, replace=True)

    [kept] = project.folder.glob("raw-before-*.duckdb")
    assert kept in done.kept
    assert answer(kept, "newer") == 42
    assert check_folder(folder).disagreements == ()
    project.assert_complete_after()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGES = {
    "a flipped byte in raw.duckdb": lambda place: flip(place / "raw.duckdb"),
    "a flipped byte in the build": lambda place: flip(place / "build" / "next.duckdb"),
    "another database": lambda place: add_table(place / "raw.duckdb", "mine"),
    "a missing file": lambda place: (place / "build" / "next.duckdb").unlink(),
    "no manifest": lambda place: (place / MANIFEST).unlink(),
    "half a manifest": lambda place: (place / MANIFEST).write_bytes(
        (place / MANIFEST).read_bytes()[:300]
    ),
    "a list as manifest": lambda place: (place / MANIFEST).write_text("[]"),
    "a path that leads out": lambda place: (place / MANIFEST).write_text(
        (place / MANIFEST).read_text().replace("raw.duckdb", "../raw.duckdb")
    ),
    "a link": lambda place: (
        (place / "raw.duckdb").rename(place.parent / "elsewhere"),
        (place / "raw.duckdb").symlink_to(place.parent / "elsewhere"),
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_backup_changes_nothing(project, tmp_path, how):
    place = tmp_path / "backup"
    back_up(folder_of(project), place)
    DAMAGES[how](place)
    before = contents(project.folder)

    with pytest.raises((ConfigError, DatabaseDamagedError, DatabaseMissingError)) as caught:
        restore(place, folder_of(project), replace=True)

    assert str(place) in str(caught.value)
    assert contents(project.folder) == before
    assert not (project.folder / ".restore").exists()


@pytest.mark.parametrize("step", [2, 4, 6, 7])
def test_a_restore_that_is_stopped_at_any_rename_can_be_repeated(
    project, tmp_path, monkeypatch, step
):
    folder = folder_of(project)
    add_table(folder.workspace, "january")
    back_up(folder, tmp_path / "backup")
    before = project.loaded_days()
    rename, count = Path.replace, [0]

    def stop(path: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] == step:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stop)
        try:
            restore(tmp_path / "backup", folder, replace=True)
        except KeyboardInterrupt:
            stopped = True
        else:
            stopped = count[0] < step
    assert stopped
    assert sum(
        1 for path in project.folder.glob("raw*.duckdb") if check_rows(path) == before.total()
    )

    restore(tmp_path / "backup", folder, replace=True)

    assert project.loaded_days() == before
    assert answer(folder.workspace, "january") == 42
    assert project.published_days() == set(project.days[-7:])


def check_rows(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as db:
        [(found,)] = db.execute("SELECT count(*) FROM mixpanel.events").fetchall()
        return int(found)


def test_a_backup_without_a_successful_build_says_what_to_run(project, tmp_path):
    folder = folder_of(project)
    with duckdb.connect(str(folder.build / "next.duckdb")) as db:
        db.execute("UPDATE _build SET built_at = NULL")
    back_up(folder, tmp_path / "backup")
    shutil.rmtree(project.folder)

    done = project.mp.run("restore", str(tmp_path / "backup"))

    assert done.returncode == 0, done.stderr
    assert "mp sync --no-fetch" in done.stderr
    assert not folder.published.exists()
    assert check_folder(folder).disagreements == ()


def test_what_was_landed_after_the_backup_is_fetched_once_more(project, tmp_path):
    folder = folder_of(project)
    back_up(folder, tmp_path / "backup")
    (folder.landing / "left").mkdir(parents=True)
    (folder.landing / "left" / "over.ndjson").write_text("{}")

    restore(tmp_path / "backup", folder, replace=True)

    assert not list(folder.landing.rglob("*.ndjson"))
    project.sync(project.days[-1] - timedelta(days=1), project.days[-1])
    assert check_folder(folder).disagreements == ()
