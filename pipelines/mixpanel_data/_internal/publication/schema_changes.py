"""Which rows of `schema_changes` a build added."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.database.read_only import open_read_only


@dataclass(frozen=True)
class SchemaChange:
    """A row of the table `schema_changes`, which describes the columns."""

    day: date
    change: str
    event: str
    property: str | None
    former_value: str | None
    new_value: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {
            "change_date": str(self.day),
            "change": self.change,
            "event": self.event,
            "property": self.property,
            "former_value": self.former_value,
            "new_value": self.new_value,
        }


def read_changes(built: Path) -> frozenset[SchemaChange] | None:
    """Return the rows in a build file; None if it has no such table, or can't be read."""
    if not built.is_file():
        return None
    try:
        with open_read_only(built) as db:
            rows = db.execute(
                "SELECT change_date, change, event, property, former_value, new_value "
                "FROM schema_changes"
            ).fetchall()
    except duckdb.Error:
        return None
    return frozenset(SchemaChange(*row) for row in rows)


def added_changes(
    before: frozenset[SchemaChange] | None, after: frozenset[SchemaChange] | None
) -> list[SchemaChange]:
    """Return the changes that only ``after`` has, newest first; none without a build before.

    A change is the same if its values are others: those of a week change with late events.
    """
    if before is None or after is None:
        return []
    known = set(map(_key, before))
    added = (change for change in after if _key(change) not in known)
    return sorted(added, key=_key, reverse=True)


def _key(change: SchemaChange) -> tuple[date, str, str, str]:
    return change.day, change.change, change.event, change.property or ""


def summarize(changes: Iterable[SchemaChange], shown: int = 3) -> str:
    """Return the first changes in words, and the number of the others."""
    texts = [
        f"{each.change.replace('_', ' ')} {each.event}"
        + (f", {each.property}" if each.property else "")
        for each in changes
    ]
    more = len(texts) - shown
    return "; ".join(texts[:shown]) + (f"; {more} more" if more > 0 else "")
