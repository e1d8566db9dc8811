"""After an export that stopped, the files that were there are whole."""

import ctypes
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from integration.parquet_export.conftest import in_file, left_in, publish
from support.crash.command import Command
from support.crash.points import after, before

from mixpanel_data._internal.data_folder.paths import DataFolder

SOURCE = "mixpanel_data._internal.publication.parquet_tables"
FILES = "mixpanel_data._internal.data_folder.file_sets"
OLD = "create table events as select 'old' as event; create table sessions as select 'old' as id;"
NEW = """
create table events as select n::varchar || 'new' as event from range(100000) rows(n);
create table sessions as select n::varchar || 'new' as id from range(100000) rows(n);
"""
"""More than a buffer holds."""


@pytest.fixture
def exported(folder: DataFolder, mp: Command) -> Path:
    """A folder with an export of what was published before."""
    publish(folder, OLD)
    assert mp.run("export").returncode == 0
    publish(folder, NEW)
    return folder.export


def assert_old(exported: Path) -> None:
    assert in_file(exported / "events.parquet") == [("old",)]
    assert in_file(exported / "sessions.parquet") == [("old",)]


def assert_new_after_another_run(exported: Path, mp: Command) -> None:
    assert mp.run("export").returncode == 0
    assert len(in_file(exported / "events.parquet")) == 100_000
    assert len(in_file(exported / "sessions.parquet")) == 100_000
    assert left_in(exported) == ["events.parquet", "sessions.parquet"]


def test_no_room(exported: Path, mp: Command) -> None:
    ended = mp.run("export", at=before(f"{SOURCE}:write_parquet"), event="no room")

    assert ended.returncode == 1
    assert f"The export into {exported} failed" in ended.stderr
    assert "--output" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert_old(exported)
    assert left_in(exported) == ["events.parquet", "sessions.parquet"]
    assert_new_after_another_run(exported, mp)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_stopped_between_two_tables(exported: Path, mp: Command, number: signal.Signals) -> None:
    running = mp.start("export", at=after(f"{SOURCE}:write_parquet"), event="hold")
    ended = running.until((mp.cwd / "at-the-point").exists).stop(number)

    assert ended.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert_old(exported)
    halves = [name for name in left_in(exported) if name.startswith(".")]
    assert halves == ([".events.parquet.mp-half"] if number == signal.SIGKILL else [])
    assert_new_after_another_run(exported, mp)


def test_files_are_on_the_disk_before_any_takes_its_place(exported: Path, mp: Command) -> None:
    running = mp.start("export", at=before(f"{FILES}:flush_to_disk"), event="hold")
    running.until((mp.cwd / "at-the-point").exists).stop(signal.SIGKILL)

    assert_old(exported)
    assert_new_after_another_run(exported, mp)


def test_a_folder_that_may_not_be_written(exported: Path, mp: Command) -> None:
    bound = replace(mp, prepare=_like_anybody)
    exported.chmod(0o555)
    try:
        ended = bound.run("export", "--format", "json")
    finally:
        exported.chmod(0o755)
        bound.close()

    assert ended.returncode == 1
    assert "Permission denied" in ended.stderr
    assert '"STORAGE_FAILED"' in ended.stderr
    assert_old(exported)


def _like_anybody() -> None:
    """Permissions bind root's processes too."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # out of the bounding set: CAP_DAC_OVERRIDE
