"""Differences of times are exact to the microsecond."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_no_sql_takes_seconds_since_1970_as_a_float() -> None:
    """A float that large has no room for microseconds: 173.394 seconds become 173.39399981."""
    sources = [
        *(ROOT / "dbt").rglob("*.sql"),
        *(ROOT / "dbt").rglob("*.yml"),
        *(ROOT / "pipelines").rglob("*.py"),
    ]
    assert len(sources) > 200

    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?i)\bepoch\s*\([^)]|extract\s*\(\s*epoch\b|'epoch'\s*,", line)
    ]
    assert found == []
