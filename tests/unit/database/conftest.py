"""Events, profiles and files of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mixpanel_data._internal.storage import StorageEngine

JANUARY = 1_767_225_600
"""2026-01-01 00:00 UTC, in seconds."""


def event(number: int, **properties: Any) -> dict[str, Any]:
    """An event as Mixpanel exports it; one a minute."""
    found = {
        "time": (JANUARY + 60 * number) * 1000,
        "distinct_id": f"user {number % 7}",
        "$insert_id": f"id {number}",
    }
    return {"event": f"event {number % 3}", "properties": found | properties}


def profile(number: int | str, **properties: Any) -> dict[str, Any]:
    return {"$distinct_id": number, "$properties": properties}


def write(path: Path, items: Iterable[Any]) -> Path:
    """A file with a line for each item; texts as they are."""
    lines = (item if isinstance(item, str) else json.dumps(item) for item in items)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def storage() -> Any:
    with StorageEngine.memory() as engine:
        yield engine
