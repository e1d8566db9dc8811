"""Bring every profile to disk: one session of pages, raw, complete or not at all."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mixpanel_data._internal.api_client import EngagePage, MixpanelAPIClient
from mixpanel_data._internal.landing import Landed, LandingFolder
from mixpanel_data._internal.windows import Window
from mixpanel_data.exceptions import IncompleteExportError

ATTEMPTS = 3


def land_profiles(
    client: MixpanelAPIClient,
    folder: LandingFolder,
    *,
    on_page: Callable[[EngagePage], None] = lambda _page: None,
) -> Landed:
    """The verified file of a complete snapshot, its pages one JSON document each.

    Pages of two sessions are never mixed: when a session dies, the read starts over at page 0, up to three times.

    Raises:
        IncompleteExportError: no attempt brought as many profiles as Mixpanel counted; none will be loaded.
        APIError: Mixpanel refused, or could not be reached.
    """
    day = datetime.now(UTC).date()
    path = folder.path_for("profiles", Window(day, day))
    requests = 0
    for attempt in range(1, ATTEMPTS + 1):
        started, fetched_at = time.monotonic(), datetime.now(UTC)
        snapshot = _Snapshot()
        try:
            _write_pages(client, path, snapshot, on_page)
        except IncompleteExportError:
            requests += snapshot.requests or 1
            if attempt == ATTEMPTS:
                raise
            continue
        return Landed(
            path=path, kind="profiles", window=Window(day, day), lines=snapshot.profiles, size=snapshot.size,
            requests=requests + snapshot.requests, fetched_at=fetched_at,
            duration_seconds=time.monotonic() - started, snapshot_complete=True, largest_object=snapshot.largest, raw_size=path.stat().st_size,
        ).save()  # fmt: skip
    raise AssertionError("unreachable: the last attempt returns or raises")


class _Snapshot:
    """What has come so far."""

    def __init__(self) -> None:
        self.profiles = self.size = self.largest = self.requests = 0

    def add(self, page: EngagePage) -> None:
        self.profiles += page.results
        self.size += len(page.body)
        self.largest = max(self.largest, len(page.body))
        self.requests += page.requests


def _write_pages(
    client: MixpanelAPIClient,
    path: Path,
    snapshot: _Snapshot,
    on_page: Callable[[EngagePage], None],
) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        for page in client.engage_pages():
            file.write(page.body + b"\n")
            snapshot.add(page)
            on_page(page)
    part.replace(path)
