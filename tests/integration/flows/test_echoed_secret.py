"""End to end: a server that sends the secret back in events and profiles, and what a run of the flow leaves on disk."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pytest
from support.echoes import everywhere, spellings

from mixpanel_data.sandbox import Dataset, Sandbox

from .conftest import ROOT, SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

USERNAME = "sa.echo.1f2e"
SPELLINGS = spellings(USERNAME, SECRET)


@pytest.fixture
def shop(days: list[date]) -> Iterator[Sandbox]:
    """A sandbox whose events and profiles hold the secret, and one day whose name of an event does."""
    dataset = Dataset.empty()
    for day in days:
        noon = datetime.combine(day, time(12), tzinfo=UTC)
        values = dict(enumerate(SPELLINGS.values()))
        dataset.add_event(
            "Bought", noon, distinct_id="u", insert_id=f"{day}",
            **{f"p{n}": text for n, text in values.items()},
        )  # fmt: skip
        dataset.add_event(f"Bought {SECRET}", noon, distinct_id=SECRET, insert_id=f"{day}-2")
    dataset.set_profile("u", {"echo": json.dumps(list(SPELLINGS.values()))})
    with Sandbox(dataset, username=USERNAME, secret=SECRET) as sandbox:
        yield sandbox


@pytest.mark.usefixtures("used_prefect_home")
def test_no_file_of_a_run_has_the_secret(
    account: dict[str, str], outside: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "output.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "flows/sync.py"], cwd=ROOT, env=outside | account,
            stdout=log, stderr=subprocess.STDOUT, timeout=350, check=False,
        )  # fmt: skip

    output = (tmp_path / "output.log").read_text(encoding="utf-8")
    assert done.returncode == 0, output
    assert list(tmp_path.rglob("prefect.db"))
    with duckdb.connect(str(tmp_path / "data" / "mixpanel.duckdb"), read_only=True) as published:
        events = published.execute("SELECT DISTINCT event FROM events ORDER BY ALL").fetchall()
    assert events == [("Bought",), ("Bought [redacted]",)]
    assert [
        (where, name)
        for where, text in everywhere(tmp_path)
        for name, spelling in SPELLINGS.items()
        if spelling in text
    ] == []
