"""Placeholder for the first commit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any


def fill(dataset: Any, *, today: date | None, seed: int, days: int, users: int) -> None:
    end = today or datetime.now(UTC).date()
    for i in range(50_000):
        at = datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(seconds=1 + i * 100)
        dataset.add_event("Viewed page", at, distinct_id=f"u{i % users}", insert_id=f"i{i}", mp_processing_time_ms=1)
    for i in range(users):
        dataset.set_profile(f"u{i}", {"$last_seen": "2026-01-01T00:00:00", "plan": "free"})
