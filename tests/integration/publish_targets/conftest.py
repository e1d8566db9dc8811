"""A published file made by hand, and a folder that it is copied to."""

from pathlib import Path

import pytest
from support.publication import PublishedFolder


@pytest.fixture
def made(tmp_path: Path) -> PublishedFolder:
    """A project whose target ``disk`` is the folder ``out``."""
    return PublishedFolder(tmp_path / "project", {"disk": {"kind": "parquet", "path": "out"}})
