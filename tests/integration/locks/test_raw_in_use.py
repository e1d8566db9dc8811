"""Another process has raw.duckdb open: a sync refuses, and names the process."""

import re

import pytest
from integration.locks.conftest import House, assert_said
from support.reader import holding


@pytest.mark.parametrize("read_only", [True, False], ids=["reading", "writing"])
def test_a_raw_file_that_is_open_elsewhere_is_named_with_who_has_it(
    house: House, read_only: bool
) -> None:
    raw = house.folder / "raw.duckdb"
    with holding(raw, read_only=read_only):
        ended = house.mp.run(*house.everything)

    assert_said(ended, 7, str(raw), "mixpanel.duckdb is the file to read from")
    assert re.search(r"open in process \d+ \(.*python", ended.stderr)
    house.assert_as_before()
    house.assert_complete_after()


def test_nothing_is_fetched_while_nothing_can_be_loaded(house: House) -> None:
    with holding(house.folder / "raw.duckdb"):
        assert house.mp.run(*house.everything, "--no-build").returncode == 7
    assert [call.path for call in house.server.requests] == []

    assert house.mp.run(*house.everything, "--no-build", "--only", "events").returncode == 0

    assert house.raw() == house.truth(house.days)
