"""The flow that compares with Mixpanel's counts, without Prefect around it."""

import importlib.util
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pytest
from support.crash import by_hand

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.settings import load_settings
from mixpanel_data._internal.transform.build import BuildResult
from mixpanel_data.auth import find_credentials
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync.job import Sync

from .conftest import ROOT


def test_the_flow_repairs_late_days_and_lists_the_verdicts(
    monkeypatch: pytest.MonkeyPatch,
    shop: Sandbox,
    days: list[date],
    tmp_path: Any,
):
    folder = {"MP_DATA_DIR": str(tmp_path / "data"), "MP_START_DATE": str(days[0])}
    for name, value in {**shop.env(), **folder, "MP_CONFIG_PATH": str(tmp_path / "none")}.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("reconcile_flow", ROOT / "flows" / "reconcile.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "create_table_artifact", lambda **kept: made.append(kept))
    monkeypatch.setattr(module, "task", plain_task)

    def build(folder: DataFolder, **_: Any) -> BuildResult:
        by_hand.build(folder.root)
        return BuildResult((), 0.0, fresh=False)

    monkeypatch.setattr("mixpanel_data.sync.job.dbt_build.build", build)
    settings = load_settings()
    Sync(settings, find_credentials(settings).credentials).run(only="events")
    noon = shop.dataset.events_on(days[1])[0].time_ms
    shop.dataset.add_event("Bought", noon, distinct_id="late", insert_id="late")

    module.reconcile.fn()
    module.reconcile.fn(repair=True)

    found, repaired = made
    assert found["table"] == [
        {"day": str(days[1]), "event": "Bought", "mixpanel": 3, "here": 2, "verdict": "late"}
    ]
    assert "late (1): events that arrived after" in found["description"]
    assert repaired["table"] == []
    assert "1 days were refetched; 0 are left." in repaired["description"]
    with duckdb.connect(tmp_path / "data" / "mixpanel.duckdb", read_only=True) as db:
        kept = db.sql("SELECT verdict FROM _reconciliations ORDER BY compared_at").fetchall()
    assert kept == [("late",), ("late",), (None,)]


def plain_task(**_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that makes no task of a function."""
    return lambda function: function
