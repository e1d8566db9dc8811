"""The loader of the engine `spark`: one commit replaces the days of a package, and carries its ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lake_project import die
from support.project import LAST

from mixpanel_data.destinations.iceberg import ledger, load
from mixpanel_data.exceptions import DatabaseLockedError

FIRST = LAST - timedelta(days=3)
MIDNIGHT = 1_773_100_800_000  # 2026-03-10, in milliseconds


def agree(project) -> bool:
    """True if the rows of each day are those of the ledger, and those that Mixpanel has."""
    rows = project.rows_by_day()
    return rows == project.ledger_by_day() and project.loaded() == project.served(FIRST, LAST)


def test_every_event_arrives_once_and_each_day_has_the_rows_of_the_ledger(project, fill):
    fill(4)

    project.sync(FIRST, LAST)

    assert agree(project)
    assert sum(project.rows_by_day().values()) == 40
    assert not (project.folder / "raw.duckdb").exists()


def test_the_next_run_fetches_what_the_catalog_lacks_from_an_empty_data_folder(
    project, fill, tmp_path
):
    fill(4)
    project.sync(FIRST, LAST - timedelta(days=2))
    project.asked()
    project.folder = tmp_path / "another"

    project.sync(start_date=FIRST, reload_days=0)

    assert {day for window in project.asked() for day in window} == {"2026-03-09", "2026-03-10"}
    assert agree(project)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=3))
def test_any_order_and_split_of_days_leaves_equal_tables(project, fill, ranges):
    project.sandbox.dataset.remove_events(lambda _event: True)
    fill(4)

    for one, other in ranges:
        project.sync(LAST - timedelta(days=max(one, other)), LAST - timedelta(days=min(one, other)))
    project.sync(FIRST, LAST)

    assert agree(project)


def test_one_snapshot_carries_the_rows_of_the_days_and_their_ledger(project, fill):
    fill(4)
    project.sync(FIRST, LAST)
    before = len(project.lake.table("events").metadata.snapshots)

    project.sync(LAST, LAST)

    table = project.lake.table("events")
    added = table.metadata.snapshots[before:]
    carried = [s for s in added if ledger.SUMMARY in s.summary.additional_properties]
    rows = ledger.rows_of(carried[0].summary.additional_properties[ledger.SUMMARY])
    assert len(carried) == 1
    assert [
        (row[ledger.COLUMNS.index("window_start")], row[ledger.COLUMNS.index("row_count")])
        for row in rows
    ] == [(LAST, 10)]
    assert table.metadata.current_snapshot_id == carried[0].snapshot_id


def test_a_day_that_lost_events_loses_them_and_an_emptied_day_has_none(project, fill):
    fill(4)
    project.sync(FIRST, LAST)
    project.sandbox.dataset.remove_events(lambda e: e.time_ms >= MIDNIGHT)
    yesterday = MIDNIGHT - 86_400_000
    project.sandbox.dataset.remove_events(
        lambda e: yesterday <= e.time_ms < MIDNIGHT and e.properties["number"] % 2 == 0
    )

    project.sync(FIRST, LAST)

    assert agree(project)
    assert project.ledger().days[LAST].row_count == 0
    assert project.ledger().days[LAST].previous_row_count == 10
    assert project.rows_by_day()[LAST - timedelta(days=1)] == 5


def test_a_day_that_is_missing_from_the_table_is_fetched_with_the_next_run(project, fill):
    fill(4)
    project.sync(FIRST, LAST)
    project.lake.table("events").delete(f"day = '{FIRST}'")

    report = project.sync(start_date=FIRST, reload_days=0)

    assert any("0 rows, 10 by the ledger" in warning for warning in report.warnings)
    assert agree(project)


@pytest.mark.parametrize("table", ["events", "profiles"])
@pytest.mark.parametrize(
    "stage", ["before the commit", "after the commit", "before the ledger copy"]
)
def test_promise_2_after_a_kill_rows_and_ledger_agree(project, fill, monkeypatch, stage, table):
    fill(4)
    project.set_profile("u1", n=1)
    project.set_profile("u2", n=1)
    project.sync(FIRST, LAST, only=None)
    project.sandbox.dataset.remove_events(lambda e: e.properties["number"] == 3)
    project.set_profile("u1", n=2)
    project.remove_profile("u2")
    kept = load.replace

    def replace(table_, content, replaced, rows):
        if stage == "after the commit":
            kept(table_, content, replaced, rows)
        die()

    def killed() -> None:
        if stage == "before the ledger copy":
            monkeypatch.setattr(load, "write_ledger_copy", die)
        else:
            monkeypatch.setattr(load, "replace", replace)
        project.sync(FIRST, LAST) if table == "events" else project.read_profiles(full=True)

    assert project.run_in_child(killed) == -9
    if table == "events":
        assert project.rows_by_day() == project.ledger_by_day()
    project.sync(FIRST, LAST)
    project.read_profiles(full=True)

    assert agree(project)
    assert project.loaded_profiles() == project.served_profiles() == {"u1": {"n": 2}}
    assert project.profile_history() == [("u1", {"n": 1}, False), ("u2", {"n": 1}, True)]


def test_of_two_loaders_at_once_one_is_refused_and_no_row_is_lost_or_doubled(
    project, fill, monkeypatch
):
    fill(4)
    project.sync(FIRST, LAST)
    kept = load.replace

    def overtaken(table, content, replaced, rows):
        monkeypatch.setattr(load, "replace", kept)
        other = project.__class__(project.sandbox, project.folder.parent / "data")
        assert other.run_in_child(lambda: other.sync(LAST, LAST)) == 0
        kept(table, content, replaced, rows)

    monkeypatch.setattr(load, "replace", overtaken)

    with pytest.raises(DatabaseLockedError, match="Run `mp sync` once more"):
        project.sync(FIRST, LAST)

    assert agree(project)
    project.sync(FIRST, LAST)
    assert agree(project)


def test_a_killed_load_that_still_runs_is_refused_when_its_history_was_removed(
    project, monkeypatch
):
    project.set_profile("u1", n=1)
    project.read_profiles(full=True)
    project.set_profile("u1", n=2)
    kept = load.replace

    def overtaken(table, content, replaced, rows):
        load.clean_up(project.lake)
        kept(table, content, replaced, rows)

    monkeypatch.setattr(load, "replace", overtaken)

    with pytest.raises(DatabaseLockedError):
        project.read_profiles(full=True)
    monkeypatch.setattr(load, "replace", kept)
    project.read_profiles(full=True)

    assert project.loaded_profiles() == {"u1": {"n": 2}}
    assert project.profile_history() == [("u1", {"n": 1}, False)]


def test_the_ledger_table_is_rebuilt_from_the_summaries(project, fill):
    fill(4)
    project.sync(FIRST, LAST)
    before = project.ledger()
    project.lake.catalog.drop_table(("mx_raw", "_metadata"))
    project.lake.catalog.drop_table(("mx_raw", "_dlt_loads"))

    load.clean_up(project.lake)

    assert project.ledger() == before
    assert project.query("SELECT count(*) FROM mixpanel._metadata") == [(4,)]


def test_snapshots_expire_only_after_their_ledger_is_in_the_table(project, fill):
    fill(4)
    project.sync(FIRST, LAST)
    project.sync(LAST, LAST)
    before = project.ledger()
    lake = project.lake
    lake.catalog.drop_table(("mx_raw", "_metadata"))

    ledger.expire_snapshots(lake, datetime.now(UTC) + timedelta(days=30))

    assert len(lake.table("events").metadata.snapshots) == 1
    assert project.ledger() == before


ODD = [
    '"a":123456789012345678901234567890',
    '"a":1,"a":2',
    '"A":1,"a":2',
    '"a":"\\u0000"',
    '"a":"\u2028"',
    '"a":"\U0001f6d2"',
    '"$city":"x","a.b":null,"":""',
    '"a":{"b":[1,{"c":-0.0}]}',
]


def test_promise_5_odd_values_arrive_as_sent(project):
    for number, text in enumerate(ODD):
        line = f'{{"event":"odd {number}","properties":{{"time":{MIDNIGHT},{text}}}}}\n'
        project.sandbox.dataset.add_line(LAST, line.encode())

    report = project.sync(LAST, LAST)

    assert not report.failures
    found = dict(project.query("SELECT event, properties FROM mixpanel.events"))
    assert len(found) == len(ODD)
    for number, text in enumerate(ODD):
        assert text in found[f"odd {number}"]


def test_a_line_that_cant_be_read_is_rejected_and_the_rest_of_the_day_is_loaded(project, fill):
    project.sandbox.dataset.add_line(LAST, b'{"event": "no properties\n')
    project.sandbox.dataset.add_line(
        LAST, b'{"event":"x","properties":{"time":1773100800000,"a":"cut \\ud83d"}}\n'
    )
    fill(1)

    for _ in range(2):
        report = project.sync(LAST, LAST)

        assert not report.failures
        assert project.rows_by_day() == {LAST: 11} == project.ledger_by_day()
        rejected = project.query("SELECT reason FROM mixpanel._rejected ORDER BY reason")
        assert len(rejected) == 2


def test_a_load_leaves_landed_files_of_a_refused_commit_for_the_next_run(
    project, fill, monkeypatch
):
    fill(1)

    def refused(*_):
        raise DatabaseLockedError("refused")

    monkeypatch.setattr(load, "replace", refused)
    with pytest.raises(DatabaseLockedError):
        project.sync(LAST, LAST)

    assert list((project.folder / "landing").rglob("*.json"))
