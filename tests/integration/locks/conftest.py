"""A data folder that was synced and published, and a project that holds more than it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.crash import by_hand
from support.crash.command import Command, Ended
from support.crash.next_run import sync_from
from support.project import Project

from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data.sandbox import Dataset, Sandbox

DAYS = 12
KNOWN = 7
"""Days that were synced before: more than the look-back, so that some of them are not due."""


@dataclass
class SyncedProject(Project):
    """A project whose last days were synced and published, and `mp` over its data folder."""

    mp: Command

    @property
    def days(self) -> list[date]:
        return self.sandbox.dataset.days()

    @property
    def sync_all(self) -> tuple[str, ...]:
        """The command that syncs every day."""
        return ("sync", "--from", str(self.days[0]), "--quiet")

    def served_days(self, days: list[date]) -> Counter[date]:
        return Counter({day: len(self.sandbox.dataset.events_on(day)) for day in days})

    def loaded_days(self) -> Counter[date]:
        """The number of events of each day, which is also that of the ledger."""
        with duckdb.connect(str(self.folder / "raw.duckdb"), read_only=True) as db:
            rows = db.execute("SELECT time::DATE, count(*) FROM mixpanel.events GROUP BY 1")
            found = dict(rows.fetchall())
        ledger = read_ledger(self.folder / "raw.duckdb").days
        assert all(record.row_count == found[day] for day, record in ledger.items())
        return Counter(found)

    def published_days(self) -> set[date]:
        """The days readers find."""
        with duckdb.connect(str(self.folder / "mixpanel.duckdb"), read_only=True) as db:
            return {
                day for (day,) in db.execute("SELECT DISTINCT time::DATE FROM events").fetchall()
            }

    def assert_as_before(self) -> None:
        """The rows and the published days are those of before, or all rows are there."""
        assert self.loaded_days() in (
            self.served_days(self.days[-KNOWN:]),
            self.served_days(self.days),
        )
        assert self.published_days() == set(self.days[-KNOWN:])

    def assert_complete_after(self, *, build: bool = False) -> None:
        """The next run loads everything; without a build it runs in this process, since `mp` takes a second to start."""
        if build:
            ended = self.mp.run(*self.sync_all)
            assert ended.returncode == 0, ended.stderr
            assert self.published_days() == set(self.days)
        else:
            sync_from(self.days[0], self.sandbox, self.folder)
        assert self.loaded_days() == self.served_days(self.days)
        assert sorted(read_ledger(self.folder / "raw.duckdb").days) == self.days


def assert_exit(ended: Ended, code: int, *words: str) -> None:
    """It ended with this code and a message with these words, without a traceback."""
    assert "Traceback" not in ended.stderr
    assert ended.returncode == code, ended.stderr
    for word in words:
        assert word in ended.stderr


@pytest.fixture(scope="session")
def _synced(
    tmp_path_factory: pytest.TempPathFactory, parsed: Path, started_mp: None
) -> tuple[Dataset, Path]:
    """Made once, then copied."""
    root = tmp_path_factory.mktemp("synced")
    dataset = Dataset.sample(days=DAYS, users=40)
    with Sandbox(dataset) as server:
        mp = Command(root, {**server.env(), "MP_DATA_DIR": str(root / "data")})
        ended = mp.run("sync", "--from", str(dataset.days()[-KNOWN]), "--quiet", "--no-build")
        assert ended.returncode == 0, ended.stderr
    by_hand.build_and_publish(root / "data")
    return dataset, root / "data"


@pytest.fixture
def project(_synced: tuple[Dataset, Path], tmp_path: Path) -> Iterator[SyncedProject]:
    dataset, made = _synced
    folder = Path(shutil.copytree(made, tmp_path / "data"))
    with Sandbox(dataset.copy()) as server:
        mp = Command(tmp_path, {**server.env(), "MP_DATA_DIR": str(folder)})
        yield SyncedProject(server, folder, mp)
        mp.close()
