"""Which properties Mixpanel calls classified, and which of them no loaded event has.

Since April 2026 roles do not see classified properties unless they have the permission, service
accounts included. Whether the export leaves them out is not documented
[docs/mixpanel-facts.md, section 2].
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.database.read_only import open_read_only
from mixpanel_data._internal.health.findings import Finding

DEFINITIONS = "data-definitions/properties/"
"""The route, below that of the project. It is not in Mixpanel's OpenAPI files."""

WHAT = "classified properties"
SHOWN = 10
"""Names that a finding lists."""


def read_classified(answer: Any) -> list[str]:
    """Return the names of the classified properties in an answer of the route.

    Raises:
        ValueError: if the answer has another shape.
    """
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise ValueError("the answer has no list of properties")
    found = set()
    for each in results:
        if not (isinstance(each, dict) and isinstance(each.get("name"), str)):
            raise ValueError("a property of the answer has no name")
        if not isinstance(each.get("sensitive"), bool):
            raise ValueError("a property of the answer has no `sensitive`")
        if each["sensitive"]:
            found.add(each["name"])
    return sorted(found)


def seen_properties(published: Path) -> frozenset[str] | None:
    """Return the properties of the published events; None if that is not known."""
    if not published.is_file():
        return None
    try:
        with open_read_only(published) as db:
            rows = db.execute("SELECT DISTINCT property FROM property_catalog").fetchall()
    except duckdb.Error:
        return None
    return frozenset(name for (name,) in rows)


def describe_classified(names: Collection[str], seen: frozenset[str] | None) -> Finding:
    """Return the finding; a warning if no loaded event has one of the properties."""
    if not names:
        return Finding(WHAT, "none of events", source=DEFINITIONS)
    value = f"{_listed(names)}."
    if seen is None:
        return Finding(WHAT, f"{value} Nothing is published to compare with.", source=DEFINITIONS)
    unseen = [name for name in names if name not in seen]
    if not unseen:
        return Finding(WHAT, f"{value} Loaded events have each of them.", source=DEFINITIONS)
    value += (
        f" No loaded event has {_listed(unseen)}. If events should have them, give the service "
        "account the permission to see classified data, then run `mp sync --refetch`."
    )
    return Finding(WHAT, value, "warning", DEFINITIONS)


def _listed(names: Collection[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(sorted(names)[:SHOWN]) + (f" and {more} more" if more > 0 else "")
