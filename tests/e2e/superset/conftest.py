"""A shop whose data is synced and published, and a BI tool beside it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import superset
from support.crash.command import Command
from support.project import Project

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data.sandbox import Dataset, Sandbox

DAYS = 30


@dataclass
class PublishedProject(Project):
    """The sample shop after ``mp sync``, and `mp` over its data folder."""

    mp: Command

    @property
    def published(self) -> Path:
        return DataFolder.at(self.folder).published

    @property
    def dataset(self) -> Dataset:
        return self.sandbox.dataset

    def sync_last_days(self) -> None:
        ended = self.mp.run("sync", "--quiet", "--from", str(self.dataset.days()[-5]))
        assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="session")
def project(
    tmp_path_factory: pytest.TempPathFactory, parsed: Path, started_mp: None
) -> Iterator[PublishedProject]:
    root = tmp_path_factory.mktemp("project")
    shop = Dataset.sample(days=DAYS, users=120)
    with Sandbox(shop) as sandbox:
        mp = Command(root, {**sandbox.env(), "MP_DATA_DIR": str(root / "data")}, marts=True)
        ended = mp.run("sync", "--quiet", "--from", str(shop.days()[0]))
        assert ended.returncode == 0, ended.stderr
        yield PublishedProject(sandbox, root / "data", mp)
        mp.close()


@pytest.fixture(scope="session")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[superset.Superset]:
    """A running Superset."""
    if not superset.PROGRAM.exists():
        reason = "Superset is not installed: `make bi`"
        if sys.version_info >= (3, 13):
            reason = "Superset runs on Python 3.10 to 3.12 (make PYTHON=python3.12 test)"
        pytest.skip(reason)
    with superset.running(tmp_path_factory.mktemp("superset")) as server:
        yield server
