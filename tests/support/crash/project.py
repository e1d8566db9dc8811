"""A small project that changed since it was last synced, and what must hold after the next sync."""

import json
import os
from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import LandingFolder
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data.sandbox import Sandbox
from support.crash.child import TODAY, Run

LAST = TODAY - timedelta(days=1)
KNOWN_TABLES = {
    ("mixpanel", name)
    for name in (
        *("events", "profiles", "group_profiles", "_profiles_history", "_group_profiles_history"),
        *("_metadata", "_rejected", "_dlt_loads", "_dlt_version", "_dlt_pipeline_state"),
    )
}


def back(days: int) -> date:
    """So many days before the last."""
    return LAST - timedelta(days=days)


COUNTED = """
    SELECT window_start, arg_max(row_count, load_number) FROM mixpanel._metadata
    WHERE table_name = 'events' AND load_id IN (SELECT load_id FROM mixpanel._dlt_loads WHERE status = 0)
    GROUP BY window_start
"""

OLD = back(7)
"""A day that is complete and beyond the look-back: only a run that names it rereads it."""

Events = Counter[tuple[date, str, str]]


class ChangingProject:
    """The project as Mixpanel has it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._old: Events = Counter()

    def fill(self) -> None:
        """As it was at the first sync: twelve days and some profiles."""
        for n in range(2, 12):
            self._add(back(n), 30)
        for n in range(40):
            self.sandbox.dataset.set_profile(f"user {n}", {"n": n})

    def change(self) -> None:
        """Two days later: new days, events that came late, one of them too late for the look-back, events that went."""
        self._old = self._events_of(OLD)
        for n in (0, 1):
            self._add(back(n), 30)
        for day in (back(3), back(4), OLD):
            self._add(day, 4, name="late")
        gone = self.sandbox.dataset.events_on(back(2))[:7]
        self.sandbox.dataset.remove_events(lambda event: event in gone)
        self.sandbox.dataset.remove_profile("user 1")
        self.sandbox.dataset.set_profile("user 2", {"n": "changed"})
        self.sandbox.dataset.set_profile("user new", {"n": -1})

    def _add(self, day: date, count: int, name: str = "event") -> None:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for n in range(count):
            self.sandbox.dataset.add_event(
                f"{name} {n % 3}",
                midnight + timedelta(seconds=n),
                distinct_id=f"user {n % 7}",
                insert_id=f"{name}-{day}-{n}",
                # Enough that bytes reach the disk before the body is at its end.
                padding=os.urandom(400).hex(),
            )

    def run(self, folder: Path, **values: Any) -> Run:
        """A run over ``folder`` as `mp sync` does it without dates."""
        return Run(
            folder,
            self.sandbox.base_url,
            asdict(self.sandbox.credentials),
            start=back(11),
            **values,
        )

    def asked(self) -> set[tuple[str, str]]:
        """The ranges of the export requests since the last call."""
        ranges = {
            (call.params["from_date"], call.params["to_date"])
            for call in self.sandbox.requests
            if call.path.endswith("/export")
        }
        self.sandbox.requests.clear()
        return ranges

    def events(self, *, old: bool = False) -> Events:
        """Every event a sync without dates has to load; with ``old``, one that rereads all days."""
        now: Events = Counter()
        for day in self.sandbox.dataset.days():
            now += self._old if day == OLD and not old else self._events_of(day)
        return now

    def _events_of(self, day: date) -> Events:
        return Counter(
            (day, event.name, event.properties["$insert_id"])
            for event in self.sandbox.dataset.events_on(day)
        )

    def profiles(self) -> dict[str, Any]:
        return {
            str(profile.distinct_id): (profile.properties or {})["n"]
            for profile in self.sandbox.dataset.profiles()
        }


def verified_windows(project: ChangingProject, folder: Path) -> set[tuple[str, str]]:
    """The windows whose files in the landing folder are verified."""
    account = project.sandbox.credentials
    landing = LandingFolder(folder / "landing", project=account.project_id, region=account.region)
    return {
        (str(file.window.first), str(file.window.last)) for file in landing.verified_files("events")
    }


def assert_right(project: ChangingProject, folder: Path, *truths: Events) -> None:
    """Rows equal the truth, or one of them; the ledger equals the rows; nothing half-done is left anywhere."""
    with duckdb.connect(str(folder / "raw.duckdb"), read_only=True) as db:
        events = db.execute("SELECT time::DATE, event, insert_id FROM mixpanel.events").fetchall()
        profiles = db.execute("SELECT distinct_id, properties FROM mixpanel.profiles").fetchall()
        tables = db.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        counted = db.execute(COUNTED).fetchall()
    assert Counter(events) in (truths or (project.events(),))
    assert {name: json.loads(text)["n"] for name, text in profiles} == project.profiles()
    assert len(profiles) == len(project.profiles())
    assert set(tables) == KNOWN_TABLES

    per_day = Counter(day for day, _, _ in events)
    ledger = read_ledger(folder / "raw.duckdb")
    assert {day: record.row_count for day, record in ledger.days.items()} == per_day
    assert dict(counted) == per_day  # as dbt counts
    assert ledger.profiles is not None
    assert ledger.profiles.row_count == len(profiles)

    assert left_behind(folder) == []


def left_behind(folder: Path) -> list[str]:
    """Files that no later run would clear away: landed bodies, half ones, and packages dlt has not done with."""
    where = DataFolder.at(folder)
    at_work = [where.root / ".lock-holder.json", *where.root.glob("*.duckdb?*")]
    landed = [path for path in where.landing.rglob("*") if path.is_file()]
    work = where.dlt / "pipelines" / "mixpanel"
    pending = [
        path
        for stage in ("normalize/extracted", "normalize/new", "load/new", "load/normalized")
        for path in work.glob(f"{stage}/*")
    ]
    bodies = [path for path in work.rglob("*.jsonl*") if path not in pending]
    left = {*filter(Path.exists, at_work), *landed, *pending, *bodies}
    return sorted(str(path.relative_to(folder)) for path in left)
