"""A small project on a real loopback server, and a data folder it is synced into."""

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.account import account_of

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sync.job import Sync

Rows = Counter[tuple[str, str, str]]

LAST = date(2026, 3, 10)
"""The last whole day of the tests' project: its today is the day after."""


@dataclass
class Project:
    """One sandbox and one data folder."""

    sandbox: Sandbox
    folder: Path

    def settings(self, **values: Any) -> Settings:
        return load_settings({}, data_dir=self.folder, api_base_url=self.sandbox.base_url, **values)

    def job(
        self,
        *,
        read_timeout: float = 300,
        secret: str | None = None,
        project_id: str | None = None,
        event_filter: EventFilter = EVERYTHING,
        reload_days: int | None = None,
        oldest_first: bool = False,
        days: Collection[date] = (),
        start_over: bool = False,
        refetch: bool = False,
        **values: Any,
    ) -> Sync:
        others = {"secret": secret, "project_id": project_id}
        credentials = account_of(self.sandbox, **{k: v for k, v in others.items() if v})
        client = MixpanelAPIClient(
            credentials,
            base_url=self.sandbox.base_url,
            retry_wait_initial=0,
            retry_wait_max=0,
            max_rate_limit_wait=0,
            export_read_timeout=read_timeout,
        )
        return Sync(
            self.settings(**values),
            credentials,
            client=client,
            only=event_filter,
            reload_days=reload_days,
            oldest_first=oldest_first,
            days=days,
            start_over=start_over,
            refetch=refetch,
        )

    def sync(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        only: Any = "events",
        build: bool = False,
        **values: Any,
    ) -> SyncReport:
        """A run. Days that are named are fetched again, unless ``refetch`` says otherwise."""
        values.setdefault("refetch", first is not None)
        return self.job(**values).run(first=first, last=last, only=only, build=build)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "raw.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def ledger(self) -> Ledger:
        return read_ledger(self.folder / "raw.duckdb")

    def loaded(self) -> Rows:
        """What is in the raw table: every row, as often as it is there."""
        rows = self.query("SELECT event, epoch_ms(time), properties FROM mixpanel.events")
        return Counter((event, str(ms), canonical(properties)) for event, ms, properties in rows)

    def served(self, first: date, last: date) -> Rows:
        """What Mixpanel has for these days."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        events = (event for day in days for event in self.sandbox.dataset.events_on(day))
        return Counter(
            (e.name, str(e.time_ms), canonical(json.dumps(e.properties))) for e in events
        )

    def asked(self) -> list[tuple[str, str]]:
        """The ranges of the export requests since the last call, in order."""
        ranges = [
            (call.params["from_date"], call.params["to_date"])
            for call in self.sandbox.requests
            if call.path.endswith("/export")
        ]
        self.sandbox.requests.clear()
        return ranges


def canonical(text: str) -> str:
    """A JSON object as text that is equal for equal values; integers of any size stay integers."""
    return json.dumps(json.loads(text), sort_keys=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)  # away from the checkout's .dlt/config.toml
    monkeypatch.setattr(
        "mixpanel_data._internal.run.context.today", lambda _zone: LAST + timedelta(days=1)
    )
    with Sandbox(today=LAST + timedelta(days=1)) as sandbox:
        yield Project(sandbox, tmp_path / "data")


@pytest.fixture
def fill(project: Project) -> Callable[..., None]:
    """Puts ``count`` events on each of the last ``days`` days."""

    def put(days: int, count: int = 40) -> None:
        for back in range(days):
            midnight = int((LAST - timedelta(days=back) - date(1970, 1, 1)).total_seconds() * 1000)
            for n in range(count):
                project.sandbox.dataset.add_event(
                    f"event {n % 3}",
                    midnight + n * 1000,
                    distinct_id=f"user {n % 7}",
                    insert_id=f"{back}-{n}",
                    mp_processing_time_ms=midnight + n * 1000 + 5000,
                    number=n,
                )

    return put
