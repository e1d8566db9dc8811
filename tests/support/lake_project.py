"""A project in a sandbox whose raw tables are in an Iceberg catalog, as with the engine `spark`."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Never

import duckdb

from mixpanel_data._internal.ledger.reader import Ledger, read_ledger
from mixpanel_data._internal.settings import Settings
from mixpanel_data.destinations.iceberg.catalog import TABLES, Lake, open_lake
from mixpanel_data.destinations.iceberg.ledger_copy import write_ledger_copy
from support.project import Project


@dataclass
class LakeProject(Project):
    """A project whose raw tables are in Iceberg, with a catalog in SQLite."""

    warehouse: str = ""

    def settings(self, **values: Any) -> Settings:
        return super().settings(
            engine="spark",
            catalog=f"sqlite:///{self.folder.parent / 'catalog.sqlite'}",
            warehouse=self.warehouse or str(self.folder.parent / "warehouse"),
            **values,
        )

    @property
    def lake(self) -> Lake:
        return open_lake(self.settings())

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the raw tables in the catalog, as DuckDB reads them."""
        lake = self.lake
        with duckdb.connect() as connection:
            connection.execute("CREATE SCHEMA mixpanel")
            for name in TABLES:
                connection.register("rows", lake.table(name).scan().to_arrow())
                connection.execute(f"CREATE TABLE mixpanel.{name} AS FROM rows")
            return connection.execute(sql).fetchall()

    def ledger(self) -> Ledger:
        write_ledger_copy(self.lake, self.settings().folder)
        return read_ledger(self.settings().folder.raw)

    def rows_by_day(self) -> dict[date, int]:
        """The events of each day in the table, of days that have any."""
        return dict(self.query("SELECT day, count(*) FROM mixpanel.events GROUP BY day"))

    def ledger_by_day(self) -> dict[date, int]:
        """The events of each day by the ledger, of days that have any."""
        days = self.ledger().days.items()
        return {day: record.row_count for day, record in days if record.row_count}

    def run_in_child(self, work: Callable[[], Any]) -> int:
        """Do ``work`` in a forked process; return how it ended, -9 if it was killed."""
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException:  # noqa: BLE001  (the exit code says so)
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die(*_: Any, **__: Any) -> Never:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def lake_project(sandbox: Any, root: Path) -> LakeProject:
    """Return a project whose data folder, catalog and warehouse are in ``root``."""
    return LakeProject(sandbox, root / "data")
