"""Reads the rejected lines of the raw database. Each was in two fetches, so Mixpanel
stores it."""

from pathlib import Path

from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.streams.windows import Window


def rejected_lines(raw: Path, window: Window) -> set[str]:
    """Return the lines of events that were rejected in fetches of any day of ``window``."""
    return _read_texts(
        raw,
        "table_name = 'events' AND window_start <= $last AND window_end >= $first",
        {"first": window.first, "last": window.last},
    )


def rejected_profiles(raw: Path, kind: str) -> set[str]:
    """Return the rejected profiles; ``kind`` is ``profiles`` or ``group_profiles``."""
    return _read_texts(raw, "table_name = $kind", {"kind": kind})


def _read_texts(raw: Path, condition: str, values: dict[str, object]) -> set[str]:
    if not raw.is_file():
        return set()
    query = f"SELECT DISTINCT raw FROM mixpanel._rejected WHERE {condition}"
    with open_read_only(raw) as connection:
        return {text for (text,) in connection.execute(query, values).fetchall()}
