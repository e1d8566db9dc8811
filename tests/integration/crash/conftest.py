"""A project that changed since it was synced, and folders that hold it as it was."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crash.child import TODAY, Nursery, nursery
from support.crash.project import Shop, back

from mixpanel_data.sandbox import Sandbox


@pytest.fixture(scope="session")
def children(parsed: Path) -> Iterator[Nursery]:
    """Where runs are born."""
    with nursery() as opened:
        yield opened


@pytest.fixture(scope="session")
def _changed(
    children: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shop, Path]]:
    folder = tmp_path_factory.mktemp("once") / "data"
    with Sandbox(today=TODAY) as sandbox:
        shop = Shop(sandbox)
        shop.open()
        assert children.run(shop.run(folder, first=back(8), last=back(2))) == 0
        shop.go_on()
        yield shop, folder


@pytest.fixture
def shop(_changed: tuple[Shop, Path]) -> Shop:
    """The project as it is now."""
    _changed[0].asked()
    return _changed[0]


@pytest.fixture
def folder(_changed: tuple[Shop, Path], tmp_path: Path) -> Path:
    """A data folder that holds it as it was."""
    return Path(shutil.copytree(_changed[1], tmp_path / "data"))
