"""A project with profiles on a real loopback server, and what its data folder holds of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import LONG_AGO, Project

from mixpanel_data.sandbox import Sandbox


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)  # away from the checkout's .dlt/config.toml
    with Sandbox() as sandbox:
        yield Project(sandbox, tmp_path / "data")


@pytest.fixture
def crowd(project: Project) -> Callable[[int], None]:
    """Puts so many profiles into Mixpanel, none seen of late."""

    def put(count: int) -> None:
        for n in range(count):
            project.set_profile(f"u{n}", n=n, **{"$last_seen": LONG_AGO})

    return put
