"""Ledger rows as they stand when a file has landed: the load fills in what only it can count."""

from collections.abc import Iterator
from typing import Any

from mixpanel_data._internal.landing import Landed


def drafts(landed: Landed) -> Iterator[dict[str, Any]]:
    """A row for each day of an events file, one for a file of profiles."""
    common = {
        "table_name": landed.kind,
        "fetch_type": landed.kind,
        "filter_hash": landed.filter_hash,
        "fetched_at": landed.fetched_at.replace(tzinfo=None),
        "snapshot_complete": landed.snapshot_complete,
    }
    for day in landed.window.days():
        yield {**common, "window_start": day, "window_end": day}
