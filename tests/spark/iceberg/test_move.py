"""`mp engine move`: the raw tables in the other engine, each day compared."""

from datetime import timedelta
from typing import Any

import duckdb
import pytest
from support.project import LAST, Project

from mixpanel_data.destinations.iceberg import load
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.sync.engine import move

FIRST = LAST - timedelta(days=3)
ODD = '"a":123456789012345678901234567890,"b":"\\u0000","c":"\U0001f6d2","a":2'


@pytest.fixture
def loaded(project: Any, fill: Any) -> Any:
    """A project whose raw tables are in `raw.duckdb`: four days, of which one was emptied, and profiles."""
    fill(4)
    line = f'{{"event":"odd","properties":{{"time":1773100800000,{ODD}}}}}\n'
    project.sandbox.dataset.add_line(LAST, line.encode())
    project.set_profile("u1", n=1)
    in_duckdb = Project(project.sandbox, project.folder)
    in_duckdb.sync(FIRST, LAST, only=None)
    project.set_profile("u1", n=2)
    project.sandbox.dataset.remove_events(lambda event: event.day == FIRST)
    in_duckdb.sync(FIRST, LAST)
    in_duckdb.read_profiles(full=True)
    return project


def in_file(project: Any, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.folder / "raw.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


EVENTS = "SELECT event, epoch_us(time), distinct_id, insert_id, properties::VARCHAR FROM mixpanel.events ORDER BY ALL"
OTHERS = (
    "SELECT distinct_id, properties::VARCHAR FROM mixpanel.profiles ORDER BY ALL",
    "SELECT distinct_id, properties::VARCHAR, is_deleted FROM mixpanel._profiles_history ORDER BY ALL",
)


def test_a_move_there_and_back_keeps_each_row_and_the_next_sync_goes_on_in_both(loaded):
    before = [in_file(loaded, sql) for sql in (EVENTS, *OTHERS)]
    days = Project(loaded.sandbox, loaded.folder).ledger().days

    there = move(loaded.settings(), "spark")

    assert (there.days, there.events) == (4, 31)
    assert there.others["profiles"] == 1
    assert there.others["_profiles_history"] == 1
    assert [loaded.query(sql) for sql in (EVENTS, *OTHERS)] == before
    assert loaded.ledger().days == days

    (loaded.folder / "raw.duckdb").rename(loaded.folder / "former.duckdb")
    back = move(loaded.settings(), "duckdb")

    assert (back.days, back.events) == (4, 31)
    assert [in_file(loaded, sql) for sql in (EVENTS, *OTHERS)] == before
    assert Project(loaded.sandbox, loaded.folder).ledger().days == days
    for project in (loaded, Project(loaded.sandbox, loaded.folder)):
        loaded.asked()
        project.sync(start_date=FIRST, reload_days=1)
        assert loaded.asked() == [(str(LAST), str(LAST))]
        assert project.query(EVENTS) == before[0]


def test_a_move_that_lost_a_row_names_its_day(loaded, monkeypatch):
    kept = load.replace

    def lossy(table, content, replaced, rows):
        kept(table, content.slice(1) if table.name()[-1] == "events" else content, replaced, rows)

    monkeypatch.setattr(load, "replace", lossy)

    with pytest.raises(MixpanelDataError, match=str(FIRST + timedelta(days=1))):
        move(loaded.settings(), "spark")


def test_a_move_to_duckdb_does_not_overwrite_a_file(loaded):
    move(loaded.settings(), "spark")

    with pytest.raises(ConfigError, match="Move it away first"):
        move(loaded.settings(), "duckdb")
