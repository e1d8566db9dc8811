"""A project in a sandbox, and the data folder it is synced into: what Mixpanel has, what was asked, what is loaded."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data._internal.streams.event_filter import EVERYTHING, EventFilter
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind
from mixpanel_data.sync.job import Sync
from support.account import account_of

Rows = Counter[tuple[str, str, str]]
Properties = dict[str, Any]

ENGAGE = "/api/query/engage"
LAST = date(2026, 3, 10)
"""The last complete day of projects whose today is fixed: their today is the day after."""
LONG_AGO = "2020-01-01T00:00:00"
"""A ``$last_seen``."""


def add_days(sandbox: Sandbox, days: int, count: int) -> None:
    """Put ``count`` events on each of ``days`` days, the last of which is ``LAST``."""
    for back in range(days):
        midnight = int((LAST - timedelta(days=back) - date(1970, 1, 1)).total_seconds() * 1000)
        for n in range(count):
            sandbox.dataset.add_event(
                f"event {n % 3}",
                midnight + n * 1000,
                distinct_id=f"user {n % 7}",
                insert_id=f"{back}-{n}",
                mp_processing_time_ms=midnight + n * 1000 + 5000,
                number=n,
            )


@dataclass
class Project:
    """A project in a sandbox, which stands for Mixpanel, and the data folder that it is synced into."""

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
        """A run. Days that are named are refetched, unless ``refetch`` says otherwise."""
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

    # -- profiles

    def set_profile(self, name: str | int, *, group: str | None = None, **properties: Any) -> None:
        """Mixpanel has this profile now."""
        self.sandbox.dataset.set_profile(name, properties, data_group_id=group)

    def set_raw_profile(self, name: str, raw: bytes) -> None:
        """Mixpanel sends these bytes, which need not be JSON, as the profile of ``name``."""
        self.sandbox.dataset.set_profile(name, {}, raw=raw)

    def remove_profile(self, name: str, *, group: str | None = None) -> None:
        self.sandbox.dataset.remove_profile(name, data_group_id=group)

    def read_profiles(self, *, full: bool = False, **settings: Any) -> SyncReport:
        """The report of a run that fetches profiles only."""
        job = self.job(**settings)
        job.extraction._full_profiles = full
        return job.run(only="profiles", build=False)

    def land_profiles(self, **settings: Any) -> Sync:
        """A run that died between landing and load."""
        job = self.job(**settings)
        assert job.extraction.land_profiles()
        return job

    def served_profiles(self, group: str | None = None) -> dict[str, Properties]:
        """What Mixpanel has."""
        return {
            str(profile.distinct_id): profile.properties or {}
            for profile in self.sandbox.dataset.profiles(group)
        }

    def loaded_profiles(self, name: str = "profiles", where: str = "true") -> dict[str, Properties]:
        """What the raw table has; each id once."""
        rows = self.query(f"SELECT distinct_id, properties FROM mixpanel.{name} WHERE {where}")
        assert len(dict(rows)) == len(rows)
        return {name: json.loads(properties) for name, properties in rows}

    def profile_history(self) -> list[tuple[str, Properties, bool]]:
        """What profiles were: id, properties, and whether they went; oldest first."""
        rows = self.query(
            "SELECT distinct_id, properties, is_deleted FROM mixpanel._profiles_history ORDER BY valid_to, distinct_id"
        )
        return [(name, json.loads(properties), gone) for name, properties, gone in rows]

    def profile_reads(self, table: str = "profiles") -> list[tuple[Any, ...]]:
        """The ledger's reads: complete, profiles fetched, profiles before; oldest first."""
        return self.query(
            "SELECT snapshot_complete, row_count, previous_row_count FROM mixpanel._metadata "
            f"WHERE table_name = '{table}' ORDER BY fetched_at"
        )

    def engage_forms(self) -> list[dict[str, Any]]:
        """The forms of the engage requests since the last call."""
        forms = [call.form for call in self.sandbox.requests.to(ENGAGE)]
        self.sandbox.requests.clear()
        return forms

    def break_engage(self, kind: FaultKind, **how: Any) -> None:
        """Engage misbehaves from the next matching request on."""
        self.sandbox.faults.add(Fault(kind, path=ENGAGE, **how))


def canonical(text: str) -> str:
    """A JSON object as text that is equal for equal values; integers of any size stay integers."""
    return json.dumps(json.loads(text), sort_keys=True)


def seen_now() -> str:
    """A ``$last_seen`` as Mixpanel gives an update that arrives now."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"


def ago(**how: float) -> str:
    """A ``$last_seen`` so long ago."""
    return f"{datetime.now(UTC) - timedelta(**how):%Y-%m-%dT%H:%M:%S}"
