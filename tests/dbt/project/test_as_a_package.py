"""A dbt project of a user's own that has ours as a local package, built as `mp sync` builds it."""

from datetime import date, timedelta
from pathlib import Path
from textwrap import dedent

import duckdb
import pytest
from support import warm_dbt
from support.raw_file import Event, RawFile, at

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.transform.build import build
from mixpanel_data.exceptions import MixpanelDataError

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("as_a_package")]  # one folder for all
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(8)]
FILES = {
    "dbt_project.yml": """
        name: shop
        profile: mixpanel_data
        flags: {send_anonymous_usage_stats: false, require_ref_searches_node_package_before_root: true}
        dispatch: [{macro_namespace: dbt, search_order: [shop, mixpanel_data, dbt]}]
        models: {shop: {here: {+schema: mine}}, mixpanel_data: {marts: {flows: {+enabled: false}}}}
        exposures: {mixpanel_data: {+enabled: false}}
        semantic-models: {mixpanel_data: {+enabled: false}}
        metrics: {mixpanel_data: {+enabled: false}}
        vars:
          mixpanel_data:
            funnels: [{name: paying, steps: [Page View, Paid]}]
    """,
    "packages.yml": "packages: [{local: packages/mixpanel_data}]",
    "macros/mixpanel_data.sql": """
        {% macro should_full_refresh() %}{{ return(mixpanel_data.should_full_refresh()) }}{% endmacro %}
        {% macro generate_schema_name(custom_schema_name, node) -%}
            {{ mixpanel_data.generate_schema_name(custom_schema_name, node) }}
        {%- endmacro %}
    """,
    "models/a_table.sql": """
        {{ config(materialized='table') }}
        -- depends_on: {{ ref('mixpanel_data', 'sessions') }}
        select event_date, session_id, count(*) as event_count from {{ ref('mixpanel_data', 'events') }} group by all
    """,
    "models/growing.sql": """
        {{ config(materialized='incremental', unique_key='event_date', incremental_strategy='delete+insert') }}
        select event_date, count(*) as event_count {{ env_var('BREAKS', '') }}
        from {{ ref('mixpanel_data', 'events') }}
        where {{ mixpanel_data.when_incremental(mixpanel_data.day_has_changes()) }}
        group by event_date
    """,
    "models/replaced.sql": """
        {{ config(materialized='replaced_rows', meta={'replaces': "{{ mixpanel_data.user_has_changes() }}"}) }}
        select user_id, count(*) as event_count
        from {{ ref('mixpanel_data', 'events') }}
        where {{ mixpanel_data.when_incremental(mixpanel_data.user_has_changes()) }}
        group by user_id
    """,
    # a name that one of our models has
    "models/here/days.sql": "{{ config(materialized='view') }} select * from {{ ref('growing') }}",
    "models/growing.yml": """
        models:
          - name: growing
            columns: [{name: event_date, data_tests: [unique, not_null]}]
    """,
}


def events_of(day: date) -> list[Event]:
    noon = at(f"{day} 12:00")
    return [
        Event(noon + timedelta(minutes=n), name, user, f"{day} {user} {n}")
        for user in ("u1", "u2")
        for n, name in enumerate(("Page View", "Paid"))
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> DbtProject:
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return DbtProject(folder, "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, project: DbtProject) -> DataFolder:
    """A data folder with five days, built and published."""
    folder = DataFolder.at(tmp_path_factory.mktemp("data")).create()
    load(folder, DAYS[:5])
    assert build(folder, project=project).fresh
    publish(folder)
    return folder


def load(folder: DataFolder, days: list[date]) -> None:
    RawFile(folder.raw).load({day: events_of(day) for day in days})


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as db:
        return db.execute(sql).fetchall()


def test_own_models_and_ours_are_published_side_by_side(folder: DataFolder) -> None:
    counts = "select count(*), sum(event_count) from "

    assert query(folder.published, counts + "growing") == [(5, 20)]
    assert query(folder.published, counts + "replaced") == [(2, 20)]
    assert query(folder.published, counts + "mine.days") == [(5, 20)]
    assert query(folder.published, counts + "a_table where session_id is not null") == [(10, 20)]
    assert query(folder.published, "select count(*) from days") == [(5,)]  # ours
    assert query(folder.published, "select sum(reached) from funnels where step_number = 2") == [
        (2,)
    ]


def test_tables_of_ours_that_the_project_disables_are_left_out(folder: DataFolder) -> None:
    names = "select table_name from duckdb_tables() where table_name in ('sessions', 'session_paths', 'event_transitions')"

    assert query(folder.published, names) == [("sessions",)]


def test_an_own_model_that_fails_or_is_left_out_loses_no_day(
    folder: DataFolder, project: DbtProject
) -> None:
    load(folder, DAYS[5:7])

    with pytest.raises(MixpanelDataError, match="model growing"):
        build(folder, project=project, variables={"BREAKS": "!"})
    done = warm_dbt.dbt(
        *("build", "--select", "replaced", "--exclude-resource-type", "unit_test"),
        *("--project-dir", str(project.folder), "--profiles-dir", str(models_folder())),
        cwd=project.folder,
        own=warm_dbt.over(folder.root) | {"MP_DBT_TARGET": "engine"},
    )
    assert done.returncode == 0, done.stdout
    result = build(folder, project=project)

    assert not result.fresh
    assert "not_null_growing_event_date" in {node.name for node in result.nodes}
    for table in ("growing", "a_table", "replaced"):
        assert query(folder.build / "next.duckdb", f"select sum(event_count) from {table}") == [
            (28,)
        ]


def test_another_version_of_an_own_model_is_built_from_scratch_alone(
    folder: DataFolder, project: DbtProject
) -> None:
    built = folder.build / "next.duckdb"
    with duckdb.connect(built) as db:
        [(before,)] = db.execute("update events set city = 'kept'").fetchall()
    model = project.folder / "models" / "growing.sql"
    model.write_text(model.read_text().replace("count(*) as", "10 * count(*) as"))
    load(folder, DAYS[7:])

    result = build(folder, project=project)

    assert not result.fresh
    assert query(built, "select sum(event_count) from growing") == [(10 * (before + 4),)]
    assert query(built, "select count(*) from events where city = 'kept'") == [(before,)]


def test_another_funnel_is_built_with_all_tables(folder: DataFolder, project: DbtProject) -> None:
    settings = project.folder / "dbt_project.yml"
    settings.write_text(settings.read_text().replace("name: paying", "name: buying"))

    result = build(folder, project=project)

    assert result.fresh
    assert query(folder.build / "next.duckdb", "select distinct funnel from funnels") == [
        ("buying",)
    ]
