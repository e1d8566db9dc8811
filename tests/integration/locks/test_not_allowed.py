"""A folder or a file that may not be written: named, with what to do, and reading goes on."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from integration.locks.conftest import SyncedProject, assert_exit
from support.crash.command import Command

_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h


def _like_anybody() -> None:
    """Permissions bind this process too, when it is root's: what it runs can't override them."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE, 0, 0, 0)


@contextmanager
def _read_only(*paths: Path) -> Iterator[None]:
    before = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in zip(paths, before, strict=True):
            path.chmod(mode)


@pytest.fixture
def mp(project: SyncedProject) -> Iterator[Command]:
    command = replace(project.mp, prepare=_like_anybody)
    yield command
    command.close()


def test_a_read_only_folder_is_named_and_can_still_be_asked(
    project: SyncedProject, mp: Command
) -> None:
    with _read_only(project.folder, *project.folder.rglob("*")):
        ended = mp.run(*project.sync_all)
        asked = mp.run("query", "sql", "SELECT count(*) FROM events", "--format", "csv")
        status = mp.run("status")

    assert_exit(ended, 1, "Permission denied", f"work in {project.folder}", "Give this user")
    assert asked.returncode == status.returncode == 0, asked.stderr + status.stderr
    project.assert_as_before()
    project.assert_complete_after()


def test_a_folder_that_can_not_be_made_is_named(
    project: SyncedProject, mp: Command, tmp_path: Path
) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    wanted = parent / "data"

    with _read_only(parent):
        ended = mp.at(wanted).run(*project.sync_all)

    assert_exit(ended, 1, "Permission denied", f"work in {wanted}", "Give this user", "MP_DATA_DIR")


@pytest.mark.parametrize("name", ["raw.duckdb", "landing", "dlt"])
def test_a_part_that_may_not_be_written_is_named(
    project: SyncedProject, mp: Command, name: str
) -> None:
    part = project.folder / name
    with _read_only(part, *part.rglob("*")):
        ended = mp.run(*project.sync_all, "--no-build")

    assert_exit(ended, 1, "Permission denied", str(part))
    project.assert_as_before()
    project.assert_complete_after()


@pytest.mark.e2e
def test_a_build_folder_that_may_not_be_written_leaves_what_is_published(
    project: SyncedProject, mp: Command
) -> None:
    part = project.folder / "build"
    with _read_only(part, *part.rglob("*")):
        ended = mp.run(*project.sync_all)

    assert_exit(ended, 1, "Permission denied")
    project.assert_as_before()
    project.assert_complete_after(build=True)
