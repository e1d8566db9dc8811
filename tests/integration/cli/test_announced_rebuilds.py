"""A sync that rebuilds all tables prints the reason."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from integration.cli.conftest import run_in

from mixpanel_data._internal.project.models import models_folder
from mixpanel_data.sandbox import Dataset, Sandbox

ROOT = Path(__file__).parents[3]
ANNOUNCED = "All tables were rebuilt: "

Synced = tuple[Path, Mapping[str, str]]
"""A folder, and the variables of its syncs."""


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> Iterator[Synced]:
    """A copy of the package, whose models can be changed, and its data folder after `mp sync` of one event."""
    folder = tmp_path_factory.mktemp("synced")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=UTC)
    dataset = Dataset.empty()
    dataset.add_event("Bought", noon, distinct_id="u", insert_id="1")
    without = shutil.ignore_patterns("target", "logs", "__pycache__")
    shutil.copytree(ROOT / "pipelines", folder / "pipelines", ignore=without)
    shutil.copytree(models_folder(), folder / "dbt", ignore=without)
    with Sandbox(dataset) as shop:
        env = {**shop.env(), "MP_START_DATE": str(yesterday), "DO_NOT_TRACK": "1"}
        assert ANNOUNCED not in sync_in(folder, env)
        yield folder, env


def sync_in(folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    """What ``mp sync`` by the package's copy in this folder prints."""
    own = {**env, "PYTHONPATH": str(folder / "pipelines")}
    done = run_in(folder)("sync", "--only", "events", *arguments, env=own)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stderr.split())


@pytest.fixture
def sync(synced: Synced, tmp_path: Path) -> Callable[..., str]:
    """``mp sync`` in a copy of ``synced``; what it prints."""
    made, env = synced
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return lambda *arguments, **changed: sync_in(tmp_path, {**env, **changed}, *arguments)


@pytest.mark.e2e
def test_nothing_is_announced_when_nothing_changed(sync):
    assert ANNOUNCED not in sync()


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
