"""A small project with everything odd in it, which `mp` syncs into Iceberg and builds on a cluster.

The builds have the tables that others are made of, which takes half the time:
`tests/spark/test_equality.py` compares the others.
"""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import psutil
from sqlalchemy import create_engine, text

from mixpanel_data.destinations.iceberg.catalog import Lake, open_lake
from mixpanel_data.destinations.iceberg.check_rows import rows_by_day
from mixpanel_data.destinations.iceberg.publication import BUILD, TAG
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.settings import load_settings
from support.crash.command import Command, Ended, Running
from support.spark.cluster import Cluster

TODAY = date(2026, 3, 11)
DAYS = [TODAY - timedelta(days=back) for back in range(6, 0, -1)]
REREAD, LATE, LOST, EMPTIED = DAYS[1:5]
"""Days that change: Mixpanel has others on the first, one more on the second, and none on the last; of the third, the
catalog lost the rows."""

ODD = (
    '{"event":"Odd","properties":{"time":%d,"distinct_id":"odd","$insert_id":"odd-%d",'
    '"big":123456789012345678901234567890,"same":1,"same":2,"Case":"upper","case":"lower",'
    '"empty":"","nul":"a\\u0000b"}}\n'
)

_CONFIG = """
[engine]
kind = "spark"
catalog = "postgresql://postgres@127.0.0.1:{port}/postgres"
warehouse = "{warehouse}"
"""

_VARIABLES = """
    event_properties: [{name: price, alias: price, type: number}]
"""


@dataclass
class ClusterProject:
    """A sandbox, a project folder, and `mp` in it. The catalog is shared by all data folders."""

    sandbox: Sandbox
    root: Path
    cluster: Cluster
    mp: Command
    port: int
    """Of the catalog's PostgreSQL."""

    @classmethod
    @contextmanager
    def made(cls, root: Path, cluster: Cluster, port: int) -> Iterator["ClusterProject"]:
        """A project in ``root`` with a catalog in the server at ``port``."""
        dataset = Dataset.sample(today=TODAY, days=len(DAYS), users=25)
        with Sandbox(dataset, today=TODAY) as sandbox:
            env = {
                **sandbox.env(),
                **cluster.env(),
                "MP_DATA_DIR": str(root / "data"),
                "MP_GROUPS": "company=77",
            }
            project = cls(sandbox, root, cluster, Command(root, env), port)
            assert project.mp.run("init").returncode == 0
            with (root / ".dlt" / "config.toml").open("a") as file:
                file.write(_CONFIG.format(port=port, warehouse=root / "warehouse"))
            settings = root / "dbt_project.yml"
            settings.write_text(settings.read_text().rstrip() + _VARIABLES)
            project._fill()
            try:
                yield project
            finally:
                project.mp.close()

    def _fill(self) -> None:
        for number, day in enumerate(DAYS):
            self.add(day, f"visitor {number}", f"first-{number}", price=number)
            self.add(day, f"visitor {number}", f"second-{number}", event="Paid", price=2.5)
        self.add(DAYS[0], "$device:dev", "anonymous", **{"$device_id": "dev"})
        for number in range(2):
            line = ODD % (_ms(DAYS[5]) + number, number)
            self.sandbox.dataset.add_line(DAYS[5], line.encode())
        self.add(DAYS[5], "", "empty id", event="")
        self.add(DAYS[5], "nul\x00id", "nul-\x00")
        for name in ("acme", "bolt"):
            self.sandbox.dataset.set_profile(name, {"size": 1}, data_group_id="77")

    def add(
        self, day: date, user: str, insert_id: str, *, event: str = "Opened", **properties: Any
    ) -> None:
        """Mixpanel has one more event."""
        known = {"mp_processing_time_ms": _ms(day) + 5000, "$user_id": user, **properties}
        if user.startswith("$device:"):
            del known["$user_id"]
        self.sandbox.dataset.add_event(
            event, _ms(day) + 1000 + len(insert_id), distinct_id=user, insert_id=insert_id, **known
        )

    def change(self) -> None:
        """What makes the second sync differ, and the loss of a day in the catalog."""
        data = self.sandbox.dataset
        data.remove_events(lambda e: e.properties.get("$insert_id") == "second-1")
        data.remove_events(lambda e: e.properties.get("$insert_id") == "first-1")
        self.add(REREAD, "visitor 1", "first-1", price=99)
        self.add(LATE, "visitor 2", "late", mp_processing_time_ms=_ms(DAYS[5]) + 60_000)
        emptied = data.events_on(EMPTIED)
        data.remove_events(lambda event: event in emptied)
        self.add(DAYS[5], "merged", "identified", **{"$device_id": "dev", "$user_id": "merged"})
        data.remove_profile("bolt", data_group_id="77")
        self.lake.table("events").delete(f"day = '{LOST}'")

    # -- the command

    def sync(self, *arguments: str, first: date = DAYS[0], **how: Any) -> Running:
        """`mp sync` of the days from ``first`` on, under way."""
        dates = ("--from", str(first), "--to", str(DAYS[-1]))
        return self.mp.start("sync", *dates, *arguments, **how)

    def compare(self) -> Ended:
        """`mp engine compare`."""
        return self.mp.run("engine", "compare", "--format", "json", "--quiet")

    def kill_driver(self, running: Running, table: str) -> tuple[Ended, Ended]:
        """Kill Spark's driver with SIGKILL once it has built ``table``; how a sync of another data folder ended that
        was started before, and how `mp` ended."""
        before = self._built(table)
        running.until(lambda: self._built(table) != before)
        drivers = [
            child
            for child in psutil.Process(running.process.pid).children(recursive=True)
            if child.name() == "java"
        ]
        assert drivers
        for driver in drivers:
            driver.suspend()
        other = self.elsewhere().run("sync", "--no-build", "--lock-wait", "0")
        for driver in drivers:
            driver.send_signal(signal.SIGKILL)
        return other, running.end()

    def _built(self, table: str) -> Any:
        """Where the catalog has the newest state of a built table."""
        found = text(
            "SELECT metadata_location FROM iceberg_tables "
            "WHERE table_namespace = :namespace AND table_name = :name"
        )
        with self._database.connect() as connection:
            return connection.execute(found, {"namespace": BUILD, "name": table}).scalar()

    @cached_property
    def _database(self) -> Any:
        return create_engine(f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/postgres")

    # -- what is there

    @property
    def lake(self) -> Lake:
        return open_lake(
            load_settings(
                {},
                data_dir=self.root / "data",
                engine="spark",
                catalog=f"postgresql://postgres@127.0.0.1:{self.port}/postgres",
                warehouse=str(self.root / "warehouse"),
            )
        )

    def loaded(self) -> dict[date, int]:
        """The events of each day in the catalog, of days that have any."""
        return rows_by_day(self.lake)

    def served(self) -> dict[date, int]:
        """The same in Mixpanel."""
        counts: dict[date, int] = {}
        lines = self.sandbox.dataset.lines(DAYS[0], DAYS[-1])
        for line in lines:
            ms = json.loads(line)["properties"]["time"]
            day = datetime.fromtimestamp(ms / 1000, UTC).date()
            counts[day] = counts.get(day, 0) + 1
        return counts

    def tags(self) -> dict[str, int]:
        """The published snapshot of each built table."""
        catalog = self.lake.catalog
        tables = (catalog.load_table(name) for name in catalog.list_tables(BUILD))
        return {
            table.name()[-1]: table.metadata.refs[TAG].snapshot_id
            for table in tables
            if TAG in table.metadata.refs
        }

    @property
    def published(self) -> Path:
        return self.root / "data" / "mixpanel.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the published file, which has what Spark built."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def elsewhere(self) -> Command:
        """`mp` for the same project and catalog with another data folder, as on another machine."""
        other = self.root / "elsewhere"
        other.mkdir()
        env = {**self.mp.env, "MP_PROJECT_DIR": str(self.root), "MP_DATA_DIR": str(other / "data")}
        return Command(other, env)


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
