"""Names of the events in the raw database."""

from pathlib import Path

import duckdb


def event_names(raw: Path) -> frozenset[str]:
    """The names of all events that were loaded; none when there is no raw database, or it can't be
    read."""
    if not raw.is_file():
        return frozenset()
    try:
        with duckdb.connect(str(raw), read_only=True) as connection:
            rows = connection.execute("SELECT DISTINCT event FROM mixpanel.events").fetchall()
    except duckdb.Error:  # the build reports why
        return frozenset()
    return frozenset(name for (name,) in rows)
