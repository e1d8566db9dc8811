"""Whatever makes a sync rebuild all tables: the sync says why."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mixpanel_data._internal.project.models import models_folder
from mixpanel_data.sandbox import Dataset, Sandbox

ROOT = Path(__file__).parents[3]
ANNOUNCED = "All tables were rebuilt: "


@pytest.fixture
def sync(mp, tmp_path) -> Any:
    """``mp sync`` of one event by a copy of the package, whose models can be changed; what it prints."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=UTC)
    dataset = Dataset.empty()
    dataset.add_event("Bought", noon, distinct_id="u", insert_id="1")
    without = shutil.ignore_patterns("target", "logs", "__pycache__")
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines", ignore=without)
    shutil.copytree(models_folder(), tmp_path / "dbt", ignore=without)
    with Sandbox(dataset) as shop:
        own = {
            **shop.env(),
            "MP_START_DATE": str(yesterday),
            "PYTHONPATH": str(tmp_path / "pipelines"),
        }

        def run(*arguments: str, **changed: str) -> str:
            done = mp("sync", "--only", "events", *arguments, env=own | changed)
            assert done.returncode == 0, done.stderr
            return " ".join(done.stderr.split())

        assert ANNOUNCED not in run()
        yield run


@pytest.mark.e2e
def test_another_zone_of_the_days_in_tables(sync):
    output = sync(MP_PROJECT_TIMEZONE="Asia/Kolkata")

    assert f'{ANNOUNCED}project_timezone was "UTC" and is "Asia/Kolkata"' in output


@pytest.mark.e2e
def test_a_zone_set_in_the_configuration_file_reaches_the_models(sync, tmp_path):
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(
        '[sources.mixpanel]\nproject_timezone = "Asia/Kolkata"\n', encoding="utf-8"
    )

    assert f'{ANNOUNCED}project_timezone was "UTC" and is "Asia/Kolkata"' in sync()


@pytest.mark.e2e
def test_another_variable_of_the_models(sync, tmp_path):
    variables = tmp_path / "dbt" / "dbt_project.yml"
    text = variables.read_text(encoding="utf-8")
    changed = text.replace("  session_timeout_minutes: 30", "  session_timeout_minutes: 45")
    assert changed != text
    variables.write_text(changed, encoding="utf-8")

    # With --to, nothing is due: no load comes, and the tables are built all the same.
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert f"{ANNOUNCED}the dbt models or their variables changed" in sync("--to", str(yesterday))


@pytest.mark.e2e
def test_another_storage_version(sync):
    output = sync(MP_STORAGE_VERSION="v1.4.0")

    assert f"{ANNOUNCED}MP_STORAGE_VERSION is v1.4.0, and was v1.2.0" in output


@pytest.mark.e2e
def test_another_raw_database(sync, tmp_path):
    sync("--no-build", "--data-dir", str(tmp_path / "other"))
    shutil.copy(tmp_path / "other" / "raw.duckdb", tmp_path / "data" / "raw.duckdb")

    assert f"{ANNOUNCED}raw.duckdb is not the one, or no later state of the one" in sync()
