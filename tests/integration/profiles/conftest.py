"""A project with profiles on a real loopback server, and what its data folder holds of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.sync.conftest import Project

from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind
from mixpanel_data.sync.job import Sync

ENGAGE = "/api/query/engage"
LONG_AGO = "2020-01-01T00:00:00"

Properties = dict[str, Any]


def seen_now() -> str:
    """A ``$last_seen`` as Mixpanel gives an update that arrives now."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"


@dataclass
class People(Project):
    """One sandbox with profiles, and one data folder."""

    def has(self, name: str | int, *, group: str | None = None, **properties: Any) -> None:
        """Mixpanel has this profile now."""
        self.sandbox.dataset.set_profile(name, properties, data_group_id=group)

    def sends(self, name: str, raw: bytes) -> None:
        """Mixpanel sends these bytes, which need not be JSON, as the profile of ``name``."""
        self.sandbox.dataset.set_profile(name, {}, raw=raw)

    def loses(self, name: str, *, group: str | None = None) -> None:
        self.sandbox.dataset.remove_profile(name, data_group_id=group)

    def read(self, *, full: bool = False, **settings: Any) -> SyncReport:
        """The report of a run that fetches profiles only."""
        job = self.job(**settings)
        job.extraction._full_profiles = full
        return job.run(only="profiles", build=False)

    def landed(self, **settings: Any) -> Sync:
        """A run that died between landing and load."""
        job = self.job(**settings)
        assert job.extraction.land_profiles()
        return job

    def truth(self, group: str | None = None) -> dict[str, Properties]:
        """What Mixpanel has."""
        return {
            str(profile.distinct_id): profile.properties or {}
            for profile in self.sandbox.dataset.profiles(group)
        }

    def table(self, name: str = "profiles", where: str = "true") -> dict[str, Properties]:
        """What the raw table has; each id once."""
        rows = self.query(f"SELECT distinct_id, properties FROM mixpanel.{name} WHERE {where}")
        assert len(dict(rows)) == len(rows)
        return {name: json.loads(properties) for name, properties in rows}

    def history(self) -> list[tuple[str, Properties, bool]]:
        """What profiles were: id, properties, and whether they went; oldest first."""
        rows = self.query(
            "SELECT distinct_id, properties, is_deleted FROM mixpanel._profiles_history ORDER BY valid_to, distinct_id"
        )
        return [(name, json.loads(properties), gone) for name, properties, gone in rows]

    def reads(self, table: str = "profiles") -> list[tuple[Any, ...]]:
        """The ledger's reads: complete, profiles fetched, profiles before; oldest first."""
        return self.query(
            "SELECT snapshot_complete, row_count, previous_row_count FROM mixpanel._metadata "
            f"WHERE table_name = '{table}' ORDER BY fetched_at"
        )

    def pages(self) -> list[dict[str, Any]]:
        """The forms of the engage requests since the last call."""
        forms = [call.form for call in self.sandbox.requests.to(ENGAGE)]
        self.sandbox.requests.clear()
        return forms

    def breaks(self, kind: FaultKind, **how: Any) -> None:
        """Engage misbehaves from the next matching request on."""
        self.sandbox.faults.add(Fault(kind, path=ENGAGE, **how))


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    monkeypatch.chdir(tmp_path)  # away from the checkout's .dlt/config.toml
    with Sandbox() as sandbox:
        yield People(sandbox, tmp_path / "data")


@pytest.fixture
def crowd(people: People) -> Callable[[int], None]:
    """Puts so many profiles into Mixpanel, none seen of late."""

    def put(count: int) -> None:
        for n in range(count):
            people.has(f"u{n}", n=n, **{"$last_seen": LONG_AGO})

    return put


def ago(**how: float) -> str:
    """A ``$last_seen`` so long ago."""
    return f"{datetime.now(UTC) - timedelta(**how):%Y-%m-%dT%H:%M:%S}"
