"""A project that changed since it was synced, and folders that hold it as it was."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crash.child import TODAY, ForkServer, fork_server
from support.crash.project import ChangingProject, back

from mixpanel_data.sandbox import Sandbox


@pytest.fixture(scope="session")
def children(parsed: Path) -> Iterator[ForkServer]:
    """Runs a job in a forked process."""
    with fork_server() as opened:
        yield opened


@pytest.fixture(scope="session")
def _changed(
    children: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ChangingProject, Path]]:
    folder = tmp_path_factory.mktemp("once") / "data"
    with Sandbox(today=TODAY) as sandbox:
        project = ChangingProject(sandbox)
        project.fill()
        assert children.run(project.run(folder, first=back(8), last=back(2))) == 0
        project.change()
        yield project, folder


@pytest.fixture
def project(_changed: tuple[ChangingProject, Path]) -> ChangingProject:
    """The project as it is now."""
    _changed[0].asked()
    return _changed[0]


@pytest.fixture
def folder(_changed: tuple[ChangingProject, Path], tmp_path: Path) -> Path:
    """A data folder that holds it as it was."""
    return Path(shutil.copytree(_changed[1], tmp_path / "data"))
