"""dbt selections, failures and variables by hand: what counts as built, what is refused, and what is built from scratch."""

import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.own_project import DISPENSABLE, MODELS, OwnProject, execute, query, tables
from support.raw_file import Event, RawFile, at

pytestmark = pytest.mark.e2e
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(12)]
FUNNEL = {"name": "paying", "steps": ["Page View", "Paid"]}
OTHER = '{"session_timeout_minutes": 20}'


SCALED = """
    {{ config(materialized='replaced_rows', meta={'replaces': "{{ day_has_changes() }}"}) }}
    -- depends_on: {{ ref('int_reassigned_user_days') }}
    select event_date, count(*) * {{ own_scale() }} as scaled
    from {{ ref('events') }}
    where {{ when_incremental(day_has_changes()) }}
    group by event_date
"""
SCALE = """
{% macro own_scale() %}{{ var('scale', 1) }} + {{ own_offset() }}{% endmacro %}
{% macro own_offset() %}{{ var( "offset_of_macro", 0 ) }}{% endmacro %}
"""


def events_of(day: date) -> list[Event]:
    """Of two users, with 25 minutes between events."""
    return [
        Event(
            at(f"{day} 12:00") + timedelta(minutes=25 * n),
            ["Page View", "Paid"][n % 2],
            user,
            f"{day} {user} {n}",
        )
        for user in ("u1", "u2")
        for n in range(5)
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> OwnProject:
    folder = tmp_path_factory.mktemp("own") / "project"
    return OwnProject(folder, {"funnels": [FUNNEL]}, without=DISPENSABLE)


@pytest.fixture(scope="module")
def five_days(tmp_path_factory: pytest.TempPathFactory, project: OwnProject) -> Path:
    """A data folder with five days, all built."""
    data = tmp_path_factory.mktemp("data")
    raw = RawFile(data / "raw.duckdb")
    raw.load({day: events_of(day) for day in DAYS[:5]})
    raw.profiles(["u1", "u2"])
    project.build(data)
    project.keep_parsed(data)
    return data


@pytest.fixture
def data(five_days: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(five_days, tmp_path / "data")
    return tmp_path / "data"


def load(data: Path, days: list[date]) -> None:
    RawFile(data / "raw.duckdb").load({day: events_of(day) for day in days})


def built_at_once(project: OwnProject, data: Path, *arguments: str) -> Path:
    """The same raw data in a folder of its own, after one build."""
    whole = data.with_name("whole")
    whole.mkdir()
    shutil.copy(data / "raw.duckdb", whole)
    project.build(whole, *arguments)
    return whole


def count(data: Path, table: str = "events") -> int:
    return int(query(data, f"select count(*) from {table}")[0][0])


def test_loads_that_a_selection_did_not_read_are_read_by_the_next_build(
    project: OwnProject, data: Path
) -> None:
    load(data, DAYS[5:])

    done = project.dbt(data, "build", "--select", "sessions+ own_growing")

    assert done.returncode == 0, done.stdout
    assert "Loads that do not count as built: 1" in done.stdout
    assert count(data) == 50
    assert query(data, "select count(*) from _metadata where table_name = 'events'") == [(5,)]
    project.build(data)
    assert count(data) == 120
    assert query(data, "select count(*) from _metadata where table_name = 'events'") == [(12,)]
    assert tables(data) == tables(built_at_once(project, data))


def test_neither_modified_models_nor_a_failure_nor_a_retry_mark_anything(
    project: OwnProject, data: Path
) -> None:
    state = shutil.copytree(data / "target", data.with_name("state"))
    load(data, DAYS[5:7])
    project.write("own_daily", MODELS["own_daily"] + "-- modified")

    done = project.dbt(data, "build", "--select", "state:modified+", "--state", str(state))

    project.write("own_daily", MODELS["own_daily"])
    assert "own_daily" in done.stdout
    assert count(data, "_metadata") == 6
    assert project.dbt(data, "build", fails_at="own_growing").returncode == 1
    assert (count(data), count(data, "mine.own_growing"), count(data, "_metadata")) == (70, 5, 6)
    assert project.dbt(data, "retry").returncode == 0
    assert (count(data, "mine.own_growing"), count(data, "_metadata")) == (7, 6)
    project.build(data)
    assert query(data, "select count(*), sum(event_count) from mine.own_growing") == [(7, 70)]
    assert count(data, "_metadata") == 8


def test_run_marks_as_build_does(project: OwnProject, data: Path) -> None:
    load(data, DAYS[5:7])

    assert project.dbt(data, "run").returncode == 0

    assert count(data, "_metadata") == 8
    assert project.dbt(data, "test").returncode == 0


@pytest.mark.parametrize("selection", [["--select", "own_daily"], ["--exclude", "own_view"]])
def test_other_variables_for_a_part_are_refused_with_the_command_for_all(
    project: OwnProject, data: Path, selection: list[str]
) -> None:
    before = tables(data)

    done = project.dbt(data, "run", *selection, "--vars", OTHER)

    assert done.returncode != 0
    assert "session_timeout_minutes was 30 and is 20" in done.stdout
    assert f"`dbt build --vars '{OTHER}'`" in done.stdout
    assert tables(data).items() >= before.items()


def test_other_variables_build_all_from_scratch_and_drop_nothing_of_others(
    project: OwnProject, data: Path
) -> None:
    execute(data, "create table by_hand as select 1 as one; create schema notes")
    execute(data, "create table notes.also as select 2 as two")
    load(data, DAYS[4:6])

    # half way at first, which the next one does not go on from
    assert project.dbt(data, "run", "--vars", OTHER, fails_at="own_growing").returncode == 1
    project.build(data, "--vars", OTHER)

    assert query(data, "from by_hand") == [(1,)]
    assert query(data, "from notes.also") == [(2,)]
    execute(data, "drop table by_hand; drop schema notes cascade")
    assert query(data, "select sum(sessions) from mine.own_growing") == [(60,)]
    assert tables(data) == tables(built_at_once(project, data, "--vars", OTHER))


@pytest.mark.parametrize(
    "given",
    [
        ["run", "--full-refresh", "--select", "own_scaled", "--vars", "{scale: 2}"],
        ["run", "--select", "own_scaled+", "--vars", "{scale: 2}"],
        ["build", "--vars", "{scale: 2}"],
        ["run", "--vars", "{offset_of_macro: 7}"],
    ],
)
def test_an_own_model_keeps_no_rows_of_other_variables(
    project: OwnProject, data: Path, given: list[str]
) -> None:
    project.write("own_scaled", SCALED)
    macros = project.folder / "macros" / "own_scale.sql"
    macros.write_text(SCALE)
    try:
        project.build(data)
        [(right,)] = query(data, "select sum(scaled) from own_scaled")
        assert project.dbt(data, *given).returncode == 0
        assert query(data, "select sum(scaled) from own_scaled") != [(right,)]
        other_loads = query(data, "select count(*) from events where insert_id = 'kept'")

        project.build(data)

        assert query(data, "select sum(scaled) from own_scaled") == [(right,)]
        assert query(data, "select count(*) from events where insert_id = 'kept'") == other_loads
    finally:
        (project.folder / "models" / "own" / "own_scaled.sql").unlink()
        macros.unlink()


def test_before_the_first_complete_build_a_part_has_the_settings_of_the_tables(
    project: OwnProject, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    load(data, DAYS[:5])
    assert project.dbt(data, "run", "--select", "+sessions").returncode == 0
    before = tables(data)

    done = project.dbt(data, "run", "--exclude", "events", "--vars", OTHER)

    assert done.returncode != 0
    assert "session_timeout_minutes was 30 and is 20" in done.stdout
    assert tables(data).items() >= before.items()
    project.build(data, "--vars", OTHER)
    assert tables(data) == tables(built_at_once(project, data, "--vars", OTHER))


def test_a_full_refresh_of_ones_own_model_is_of_that_alone(project: OwnProject, data: Path) -> None:
    execute(
        data, "update mine.own_growing set event_count = 0; update events set insert_id = 'kept'"
    )

    done = project.dbt(data, "run", "--full-refresh", "--select", "own_growing+")

    assert done.returncode == 0, done.stdout
    assert query(data, "select sum(event_count) from mine.own_growing") == [(50,)]
    assert query(data, "select distinct insert_id from events") == [("kept",)]


@pytest.mark.parametrize(
    ("selected", "why"),
    [
        ("sessions", "sessions can't be built from scratch alone"),
        ("funnel_attempts", "funnel_attempts can't be built from scratch alone"),
        ("own_growing", "other tables start from its rows (own_later)"),
    ],
)
def test_a_full_refresh_that_would_break_other_tables_is_refused(
    project: OwnProject, data: Path, selected: str, why: str
) -> None:
    before = tables(data)

    done = project.dbt(data, "build", "--full-refresh", "--select", selected)

    assert done.returncode != 0
    assert why in done.stdout
    assert "`dbt build --full-refresh`" in done.stdout
    assert tables(data).items() >= before.items()


def test_a_model_that_was_disabled_for_a_while_is_built_from_scratch(
    project: OwnProject, data: Path
) -> None:
    project.write("own_growing", "{{ config(enabled=false) }}" + MODELS["own_growing"])
    project.write("own_later", "{{ config(enabled=false) }}" + MODELS["own_later"])
    load(data, DAYS[5:7])
    project.build(data)
    assert count(data, "_metadata") == 8
    project.write("own_growing", MODELS["own_growing"])
    project.write("own_later", MODELS["own_later"])

    project.build(data)

    assert tables(data) == tables(built_at_once(project, data))


@pytest.mark.parametrize("table", ["events", "own_users"])
def test_a_table_that_is_gone_is_made_with_all_that_goes_on_from_it(
    project: OwnProject, data: Path, table: str
) -> None:
    load(data, DAYS[4:7])
    execute(data, f"drop table {table}")
    project.dbt(data, "run", "--select", table.rpartition(".")[2])

    project.build(data)

    assert tables(data) == tables(built_at_once(project, data))


def test_selections_from_an_empty_file_on_end_where_one_build_does(
    project: OwnProject, data: Path
) -> None:
    (data / "build" / "dbt.duckdb").unlink()
    project.dbt(
        data, "run", "--select", "staging intermediate events identities sessions user_days"
    )
    load(data, DAYS[5:6])
    project.dbt(data, "run", "--select", "events+", "--exclude", "int_affected_users")

    project.build(data)

    assert tables(data) == tables(built_at_once(project, data))


def test_events_without_what_completes_them_are_refused(project: OwnProject, data: Path) -> None:
    load(data, DAYS[5:6])

    done = project.dbt(data, "run", "--select", "events")

    assert done.returncode != 0
    assert "int_reassigned_user_days, sessions). Nothing was changed" in " ".join(
        done.stdout.split()
    )
    assert count(data) == 50


def test_rows_left_out_on_purpose_are_refused(project: OwnProject, data: Path) -> None:
    done = project.dbt(data, "run", "--empty")

    assert done.returncode != 0
    assert "With --empty or --sample, tables would lose rows" in done.stdout
    assert count(data) == 50


def test_commands_that_only_look_write_nothing(project: OwnProject, data: Path) -> None:
    load(data, DAYS[5:7])
    before = _digest(data)

    for command in (["compile"], ["show", "--select", "own_daily"], ["docs", "generate"], ["ls"]):
        done = project.dbt(data, *command)
        assert done.returncode == 0, done.stdout

    assert _digest(data) == before


def _digest(data: Path) -> str:
    return hashlib.sha256((data / "build" / "dbt.duckdb").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("damage", "wrong_days"),
    [
        ("delete from events where event_date = '2026-01-02' and insert_id like '%1'", 1),
        ("insert into events from events where insert_id = '2026-01-01 u1 1'", 1),
        ("insert into working.build_state values ('load', '1700000003.5', null)", 2),
    ],
)
def test_dbt_test_compares_all_days_with_the_raw_rows(
    project: OwnProject, data: Path, damage: str, wrong_days: int
) -> None:
    load(data, DAYS[5:7])
    execute(data, damage)

    done = project.dbt(data, "test")

    assert done.returncode == 1
    assert f"FAIL {wrong_days} events_are_the_raw_rows" in done.stdout
    assert ("FAIL 1 one_row_per_event" in done.stdout) == damage.startswith("insert into events")


def test_a_model_that_may_read_events_too_early_is_named(project: OwnProject, data: Path) -> None:
    project.write("own_early", "select user_id from {{ ref('events') }}")

    done = project.dbt(data, "run", "--select", "own_early")

    (project.folder / "models" / "own" / "own_early.sql").unlink()
    assert "own_early may be built before the events of this run have their user_id" in done.stdout
    assert "own_daily may" not in done.stdout
