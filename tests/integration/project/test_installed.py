"""A wheel in an environment of its own: a project, models of one's own, and upgrades that keep
them.
"""

import shutil
from datetime import timedelta

import duckdb
import pytest
from support.installed import Environment, user_environment, wheel_of

from mixpanel_data._internal.project.models import checkout_root
from mixpanel_data.sandbox import Dataset, Sandbox

pytestmark = pytest.mark.e2e

ROOT = checkout_root()
SOURCES = ("pipelines", "dbt", "flows", ".dlt", "prefect.toml", "README.md", "LICENSE")
DAYS = 12

OWN_MODEL = """
{{ config(materialized='replaced_rows', meta={'replaces': "{{ mixpanel_data.day_has_changes() }}"}) }}
select event_date, count(*) as event_count, current_timestamp::timestamp as built_at
from {{ ref('mixpanel_data', 'events') }}
where {{ mixpanel_data.when_incremental(mixpanel_data.day_has_changes()) }}
group by event_date
"""
OWN_TEST = "select * from {{ ref('own_days') }} where event_count = 0"
OWN_SNAPSHOT = """
snapshots:
  - name: own_history
    relation: ref('own_days')
    config: {unique_key: event_date, strategy: check, check_cols: [event_count]}
"""
OWN_FUNNEL = """
    funnels:
      - {name: own checkout, steps: [Checkout Started, Purchase], segment: plan}
    event_properties:
      - {name: plan, alias: plan, type: string}
"""


def wheel(folder, version, comment=""):
    """The package as it is here, by another version number, and with a comment in one of its
    macros.
    """
    source = folder / f"source-{version}"
    for name in SOURCES:
        without = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml", "linting")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=without)
        else:
            shutil.copy(ROOT / name, source / name)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'version = "0.1.0"' in text
    (source / "pyproject.toml").write_text(text.replace("0.1.0", version))
    if comment:
        with (source / "dbt" / "macros" / "event_fields.sql").open("a") as macro:
            macro.write(comment)
    return wheel_of(source, folder / version)


def test_a_project_of_an_installed_wheel_survives_syncs_failures_and_upgrades(tmp_path):
    environment = Environment(tmp_path / "venv")
    environment.install(wheel(tmp_path, "0.1.1"))
    shop = tmp_path / "shop"
    dataset = Dataset.sample(days=DAYS, users=40)
    with Sandbox(dataset) as sandbox:
        account = sandbox.credentials
        env = user_environment() | {
            "MP_CONFIG_PATH": str(tmp_path / "accounts.toml"),
            "MP_API_BASE_URL": sandbox.base_url,
            "MP_USERNAME": account.username,
            "MP_SECRET": account.secret,
            "MP_PROJECT_ID": account.project_id,
            "MP_REGION": account.region,
        }

        def mp(*arguments, cwd=shop, code=0):
            done = environment.run(cwd, "mp", *arguments, env=env)
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout + done.stderr

        def published(sql):
            with duckdb.connect(shop / "data" / "mixpanel.duckdb", read_only=True) as db:
                return db.execute(sql).fetchall()

        def history():
            return published("select event_date, dbt_valid_from from own_history order by all")

        def built_at():
            return dict(published("select event_date, built_at from own_days"))

        # a new project
        mp("init", "shop", cwd=tmp_path)
        mp("sync")
        assert published("select count(*) from daily_platforms")[0][0] > 0
        # it is fresh, by each of the three
        mp("status", "--max-age", "36h")
        mp("status", "--max-age", "1s", code=8)
        metrics = {
            line.partition("{")[0]: line.rpartition(" ")[2]
            for line in mp("status", "--format", "prometheus").splitlines()
            if line.startswith("mixpanel_data_")
        }
        assert (metrics["mixpanel_data_days_behind"], metrics["mixpanel_data_failed_runs"]) == (
            "0",
            "0",
        )
        arguments = ("-m", "dbt.cli.main", "source", "freshness")
        own = {"DBT_PROFILES_DIR": ".mixpanel_data"}
        freshness = environment.run(shop, "python", *arguments, env=env | own)
        assert freshness.returncode == 0, freshness.stdout
        assert "PASS freshness of mixpanel.events" in freshness.stdout

        loaded = environment.run(
            shop,
            "python",
            "-c",
            "from prefect.flows import load_flow_from_entrypoint as f; print(f('flows/sync.py:sync').name)",
            env=env,
        )
        assert loaded.stdout.strip() == "sync", loaded.stderr

        # a model, a test, a funnel and a column of one's own
        (shop / "models" / "own_days.sql").write_text(OWN_MODEL)
        (shop / "snapshots").mkdir()
        (shop / "snapshots" / "own_history.yml").write_text(OWN_SNAPSHOT)
        (shop / "tests" / "no_empty_days.sql").write_text(OWN_TEST)
        with (shop / "dbt_project.yml").open("a") as project:
            project.write(OWN_FUNNEL)
        mp("sync")
        assert published("select distinct funnel from funnels") == [("own checkout",)]
        assert published("select count(plan) from events")[0][0] > 0
        first = built_at()
        assert len(first) >= DAYS - 1

        # it grows by the days that changed: those that were refetched
        mp("sync", "--reload-days", "2")
        second = built_at()
        newest = max(second)
        changed = {day for day in second if second[day] != first[day]}
        assert changed
        assert changed <= {newest, newest - timedelta(days=1), newest - timedelta(days=2)}

        # a model that fails is named, and what was published stays
        (shop / "models" / "own_faulty.sql").write_text("select error('no such thing') as a")
        before = (shop / "data" / "mixpanel.duckdb").stat()
        complaint = mp("sync", code=1)
        assert "model own_faulty" in complaint
        assert "no such thing" in complaint
        assert (shop / "data" / "mixpanel.duckdb").stat().st_ino == before.st_ino
        (shop / "models" / "own_faulty.sql").unlink()

        # an upgrade that changes no model: the tables go on
        environment.install(wheel(tmp_path, "0.1.2"))
        assert "mixpanel_data 0.1.2" in mp("doctor", "--format", "json")
        mp("sync", "--reload-days", "1")
        third = built_at()
        assert third.keys() == first.keys()
        assert min(third.values()) == min(first.values())

        # an upgrade that does: all tables but snapshots are built from scratch, from what is loaded
        versions = history()
        assert len(versions) >= len(third)
        environment.install(wheel(tmp_path, "0.1.3", comment="{# another version #}\n"))
        assert "All tables were rebuilt" in mp("sync", "--reload-days", "0")
        assert min(built_at().values()) > max(third.values())
        assert history() == versions
        assert published("select distinct funnel from funnels") == [("own checkout",)]
        macro = shop / ".mixpanel_data" / "macros" / "event_fields.sql"
        assert "another version" in macro.read_text()
