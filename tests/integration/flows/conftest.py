"""A small shop behind a sandbox, the flow's module, and the environment in which its processes run."""

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType

import duckdb
import psutil
import pytest
from support import prefect_server, warm_dbt

from mixpanel_data.sandbox import Dataset, Fault, FaultKind, Sandbox

ROOT = Path(__file__).parents[3]
DAYS = 8
SECRET = "flows-s3cret-9f1c"
EVENTS_ONLY = {"only": "events", "build": False}
"""Parameters of a run that takes little time."""

# Importing Prefect makes this folder: not in the home of the user who runs the tests.
os.environ.setdefault("PREFECT_HOME", str(ROOT / ".prefect"))


@pytest.fixture
def days() -> list[date]:
    """The days of the shop, oldest first; the last is yesterday."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=n) for n in range(DAYS, 0, -1)]


@pytest.fixture
def shop(days: list[date]) -> Iterator[Sandbox]:
    """A sandbox with a few events a day, another number each, and three profiles."""
    dataset = Dataset.empty()
    for count, day in enumerate(days, 1):
        noon = datetime.combine(day, time(12), tzinfo=UTC)
        for n in range(count):
            dataset.add_event("Bought", noon, distinct_id=f"u{n}", insert_id=f"{day}-{n}")
    for n in range(3):
        dataset.set_profile(f"u{n}", {"n": n})
    with Sandbox(dataset, secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def account(shop: Sandbox, days: list[date], tmp_path: Path, parsed: Path) -> dict[str, str]:
    """The variables that point a run at the shop and at a data folder of its own."""
    return {
        **shop.env(),
        "MP_DATA_DIR": str(tmp_path / "data"),
        "MP_START_DATE": str(days[0]),
        "MP_CONFIG_PATH": str(tmp_path / "accounts" / "config.toml"),
        **warm_dbt.in_shells(),
    }


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, str]:
    """The environment of Prefect's processes: this one's without Prefect's settings, and a Prefect home of its own."""
    return prefect_server.environment(tmp_path / "prefect")


@pytest.fixture
def break_day(shop: Sandbox) -> Callable[[date], None]:
    """Makes every export that holds a day break off, for ever."""

    def break_it(day: date) -> None:
        def holds(call) -> bool:
            return call.fields["from_date"] <= str(day) <= call.fields["to_date"]

        shop.faults.add(Fault(FaultKind.CUT_GZIP, times=None, match=holds))

    return break_it


@pytest.fixture
def served(shop: Sandbox) -> dict[date, int]:
    """Events by day, as the shop has them."""
    return dict(Counter(event.day for event in shop.dataset.events()))


@pytest.fixture
def published(tmp_path: Path) -> Callable[[], dict[date, int]]:
    """Asks for events by day, as readers of the published file see them."""

    def ask() -> dict[date, int]:
        path = tmp_path / "data" / "mixpanel.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.sql("SELECT CAST(time AS DATE), count(*) FROM events GROUP BY 1")
            return dict(rows.fetchall())

    return ask


@pytest.fixture
def flow_file(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """flows/sync.py as a fresh module, so that a test may replace what is in it."""
    spec = importlib.util.spec_from_file_location("flow_file", ROOT / "flows" / "sync.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "flow_file", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stalled(shop: Sandbox) -> Callable[[], None]:
    """Makes each export wait, until it is called."""
    fault = Fault(FaultKind.STALL_BEFORE_HEADERS, times=None, seconds=300)
    shop.faults.add(fault)
    return shop.faults.clear


@pytest.fixture
def flow_process(
    prefect: prefect_server.PrefectServer, shop: Sandbox
) -> Callable[[subprocess.Popen[bytes]], psutil.Process]:
    """Waits until a run has sent its first request; returns its process, a child of the worker."""

    def wait(worker: subprocess.Popen[bytes]) -> psutil.Process:
        prefect.wait(lambda: list(shop.requests) or None)
        children = psutil.Process(worker.pid).children(recursive=True)
        return next(child for child in children if "python" in child.name())

    return wait


def loaded(tmp_path: Path) -> dict[date, int]:
    """Events by day in the raw database."""
    with duckdb.connect(str(tmp_path / "data" / "raw.duckdb"), read_only=True) as connection:
        rows = connection.sql("SELECT CAST(time AS DATE), count(*) FROM mixpanel.events GROUP BY 1")
        return dict(rows.fetchall())
