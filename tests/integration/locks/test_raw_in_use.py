"""Another process has raw.duckdb open: a sync refuses, and names the process."""

import re

import pytest
from integration.locks.conftest import SyncedProject, assert_exit
from support.reader import holding


@pytest.mark.parametrize("read_only", [True, False], ids=["reading", "writing"])
def test_a_raw_file_that_is_open_elsewhere_is_named_with_who_has_it(
    project: SyncedProject, read_only: bool
) -> None:
    raw = project.folder / "raw.duckdb"
    with holding(raw, read_only=read_only):
        ended = project.mp.run(*project.sync_all)

    assert_exit(ended, 7, str(raw), "mixpanel.duckdb is the file to read from")
    assert re.search(r"open in process \d+ \(.*python", ended.stderr)
    project.assert_as_before()
    project.assert_complete_after()


def test_nothing_is_fetched_while_nothing_can_be_loaded(project: SyncedProject) -> None:
    with holding(project.folder / "raw.duckdb"):
        assert project.mp.run(*project.sync_all, "--no-build").returncode == 7
    assert [call.path for call in project.sandbox.requests] == []

    assert project.mp.run(*project.sync_all, "--no-build", "--only", "events").returncode == 0

    assert project.loaded_days() == project.served_days(project.days)
