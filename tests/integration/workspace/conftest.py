"""A workspace on a sandbox."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.account import account_of

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.workspace import Workspace

TODAY = date(2026, 3, 11)
LAST = TODAY - timedelta(days=1)
FIRST = LAST - timedelta(days=9)
"""The days the shop has events of are FIRST to LAST."""


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset.sample(today=TODAY, days=10, users=60)


@pytest.fixture
def shop(dataset: Dataset) -> Iterator[Sandbox]:
    with Sandbox(dataset.copy(), today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def client(shop: Sandbox) -> Iterator[MixpanelAPIClient]:
    """One that retries at once."""
    credentials = account_of(shop)
    waits = {"retry_wait_initial": 0, "retry_wait_max": 0, "max_rate_limit_wait": 0}
    with MixpanelAPIClient(credentials, base_url=shop.base_url, **waits) as client:
        yield client


@pytest.fixture
def workspace(client: MixpanelAPIClient) -> Iterator[Workspace]:
    with Workspace.memory(_api_client=client) as workspace:
        yield workspace


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that counts when none is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MP_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def publish(data: Path, number: int) -> None:
    """Puts a file in place as a sync does: by one rename."""
    new = data / "next.duckdb"
    with duckdb.connect(str(new)) as connection:
        connection.execute(
            f"CREATE TABLE events AS SELECT 'Published' AS event, {number} AS number"
        )
        connection.execute("CREATE TABLE sessions AS SELECT 1 AS session_id")
        connection.execute("CREATE TABLE _settings AS SELECT 'UTC' AS project_timezone")
        connection.execute(
            "CREATE TABLE _metadata AS SELECT 'events' AS table_name, 'events' AS fetch_type, "
            "DATE '2026-01-01' AS window_start, DATE '2026-01-01' AS window_end, 'all' AS filter_hash, "
            "1 AS row_count, TIMESTAMP '2026-01-02 03:04:05' AS fetched_at"
        )
    new.replace(data / "mixpanel.duckdb")


def served(shop: Sandbox, first: date = FIRST, last: date = LAST) -> list[Any]:
    """The events of these days, as Mixpanel has them."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [event for day in days for event in shop.dataset.events_on(day)]


def once(events: list[Any]) -> list[Any]:
    """Those of ``events`` that Mixpanel counts: of what was sent more than once, the copy that was processed last."""
    kept: dict[Any, Any] = {}
    for number, event in enumerate(events):
        properties = event.properties
        insert_id = properties.get("$insert_id")
        before = properties.get("$distinct_id_before_identity")
        ingested = properties.get("distinct_id") if before is None else before
        key = (event.name, event.time_ms, str(ingested), str(insert_id)) if insert_id else number
        if key not in kept or _processed(event) > _processed(kept[key]):
            kept[key] = event
    return list(kept.values())


def _processed(event: Any) -> float:
    return float(event.properties.get("mp_processing_time_ms") or 0)


def canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)
