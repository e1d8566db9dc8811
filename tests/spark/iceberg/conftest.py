"""Projects whose raw tables are in Iceberg. These tests run in `.venv/spark`: see tests/README.md."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.project import LAST, add_days

from mixpanel_data.sandbox import Sandbox

collect_ignore_glob = [] if find_spec("pyiceberg") else ["test_*.py"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from support.lake_project import lake_project

    monkeypatch.chdir(tmp_path)  # away from the checkout's .dlt/config.toml
    monkeypatch.setattr(
        "mixpanel_data._internal.run.context.today", lambda _zone: LAST + timedelta(days=1)
    )
    with Sandbox(today=LAST + timedelta(days=1)) as sandbox:
        yield lake_project(sandbox, tmp_path)


@pytest.fixture
def fill(project: Any) -> Callable[..., None]:
    """Puts ``count`` events on each of the last ``days`` days."""

    def put(days: int, count: int = 10) -> None:
        add_days(project.sandbox, days, count)

    return put
