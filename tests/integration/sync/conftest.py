"""A small project on a real loopback server, and a data folder it is synced into."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.project import LAST, Project, add_days

from mixpanel_data.sandbox import Sandbox


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)  # away from the checkout's .dlt/config.toml
    monkeypatch.setattr(
        "mixpanel_data._internal.run.context.today", lambda _zone: LAST + timedelta(days=1)
    )
    with Sandbox(today=LAST + timedelta(days=1)) as sandbox:
        yield Project(sandbox, tmp_path / "data")


@pytest.fixture
def fill(project: Project) -> Callable[..., None]:
    """Puts ``count`` events on each of the last ``days`` days."""

    def put(days: int, count: int = 40) -> None:
        add_days(project.sandbox, days, count)

    return put
