"""Fixtures every test may use."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from support import core_models, forking, warm_dbt, warm_mp
from support.in_shells.sitecustomize import MP, SOCKET
from xdist.scheduler import LoadScopeScheduling

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.transform.dbt_process import PARTIAL_PARSE, dbt_environment

# How long an example takes depends on the machine more than on the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

forking.collect_seldom()

# A shell that starts this in the background has it ignore SIGINT, and what it starts would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What differs from day to day goes by this number, the same for all workers; set, it repeats what a failure named.
os.environ.setdefault("MP_TEST_SEED", str(date.today().toordinal()))  # noqa: DTZ011  (any number will do)

pytest_plugins = ["mixpanel_data.sandbox.pytest_plugin", "support.browser"]

MP_VARIABLES = [
    "MP_USERNAME",
    "MP_SECRET",
    "MP_PROJECT_ID",
    "MP_REGION",
    "MP_ACCOUNT",
    "MP_DATA_DIR",
    "MP_PROJECT_DIR",
    "MP_DBT_PROJECT_DIR",
    "MP_API_BASE_URL",
    "MP_HOURLY_LIMIT",
    "MP_MAX_WAIT",
    "MP_TIME_BASIS",
    "MP_PROJECT_TIMEZONE",
    "MP_LOOKBACK_DAYS",
    "MP_START_DATE",
    "MP_ENGINE",
    "MP_CATALOG",
    "MP_WAREHOUSE",
]

TOGETHER = (
    "e2e/superset/",
    "dbt/governance/",
    "unit/dashboard/",
    "unit/html_report/",
    "dbt/marts/",
    "dbt/project/test_as_a_package.py",
    "dbt/project/test_by_hand.py",
    "dbt/project/test_deduplication.py",
    "dbt/project/test_selections.py",
    "dbt/project/test_materializations.py",
    "docs/test_recipes.py",
    "docs/test_runbook.py",
    "integration/cli/test_announced_rebuilds.py",
    "integration/cli/test_demo.py",
    "integration/crash/test_promise_2_published.py",
    "integration/flows/test_schedule.py",
    "integration/publication/test_published_file.py",
)
"""Where one build or server serves many tests: on one worker, or each would make it."""

LONGEST = (
    "test_cluster.py",
    "test_engine.py",
    "test_equality.py",
    "test_functions.py",
    "test_installed.py",
    "test_increments_at_random.py",
    "test_schedule.py",
    "test_two_at_once.py",
)


class _Scheduler(LoadScopeScheduling):
    """What ``--dist loadgroup`` is for. xdist 3.8's own groups nothing under pytest 9.2, without a warning."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0].removeprefix("tests/")
        return next((group for group in TOGETHER if path.startswith(group)), nodeid)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """For `-m e2e` only files with such tests: each worker would spend seconds on the others, only to drop them."""
    is_test = collection_path.match("test_*.py") and config.getoption("markexpr") == "e2e"
    return True if is_test and b"mark.e2e" not in collection_path.read_bytes() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker ends long after the others."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests one by one, and those that share an expensive fixture together."""
    return _Scheduler(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads this machine's accounts, settings or data, and nothing reports home."""
    for name in MP_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path / "accounts" / "config.toml"))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture
def only_core(parsed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds in this process leave the marts out that nothing in the core needs."""
    core_models.leave_marts_out(monkeypatch)


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefect's database as it is in a new home, made once: its sixty migrations take four seconds."""
    root = _shared(tmp_path_factory)
    with FileLock(root / "prefect.lock"):
        kept = root / "prefect" / "prefect.db"
        if not kept.exists():
            subprocess.run(
                [Path(sys.executable).with_name("prefect"), "server", "database", "upgrade", "-y"],
                env={**os.environ, "PREFECT_HOME": str(kept.parent), "DO_NOT_TRACK": "1"},
                capture_output=True,
                check=True,
            )
    return kept


@pytest.fixture
def used_prefect_home(prefect_database: Path, tmp_path: Path) -> Path:
    """A home in which Prefect has been before."""
    home = tmp_path / "prefect"
    home.mkdir()
    shutil.copy(prefect_database, home)
    return home


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models as dbt has parsed them, once for all tests, and a dbt from which this process's builds fork."""
    root = _shared(tmp_path_factory)
    kept, listens = root / "partial_parse.msgpack", root / "listens"
    with FileLock(root / "parsed.lock"):
        if not kept.exists():
            folder = DataFolder.at(root / "parse").create()
            duckdb.connect(str(folder.raw)).close()
            project = str(models_folder())
            arguments = ["parse", "--project-dir", project, "--profiles-dir", project]
            variables = dbt_environment(folder.build, {})
            listens.write_text(str(warm_dbt.start(arguments, folder.root, variables)))
            shutil.copy(folder.build / "target" / kept.name, kept.with_suffix(".part"))
            kept.with_suffix(".part").rename(kept)
    os.environ[PARTIAL_PARSE] = str(kept)
    os.environ[SOCKET] = listens.read_text()
    warm_dbt.use()
    return kept


@pytest.fixture(scope="session")
def started_mp(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An `mp`, once for all tests, from which those that ``warm_mp`` runs fork."""
    root = _shared(tmp_path_factory)
    listens = root / "mp_listens"
    with FileLock(root / "mp.lock"):
        if not listens.exists():
            listens.write_text(str(warm_mp.start(root)))
    os.environ[MP] = listens.read_text()
