"""Fetches several windows at a time, and reuses verified files that a killed run left."""

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta

from mixpanel_data._internal.landing.files import Landed, LandingFolder, is_recent
from mixpanel_data._internal.streams.windows import Window

PACKAGE_BYTES = 384 * 1024 * 1024
"""Bytes of lines after which a package is loaded: limits disk space, lock time and repeated
work."""

PACKAGE_FILES = 32

WORKERS = 3
"""Concurrent requests. The network is the bottleneck, and three requests a second are permitted."""

REUSE_WITHIN = timedelta(hours=1)
"""The age up to which a verified file is used for a look-back day, which may have late events."""

Outcome = tuple[Window, Landed | BaseException]


class Prefetcher:
    """Fetches windows, each in a thread, and returns them in the order in which they finish.

    The threads end with the process: an interrupted run does not wait for responses.
    """

    def __init__(self, fetch: Callable[[Window], Landed]) -> None:
        self._fetch = fetch
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._in_flight: list[Window] = []

    @property
    def in_flight(self) -> tuple[Window, ...]:
        """The windows that were started and not returned yet."""
        return tuple(self._in_flight)

    def start(self, window: Window) -> None:
        """Start to fetch ``window``."""
        self._in_flight.append(window)
        threading.Thread(
            target=self._fetch_window, args=(window,), name=f"fetch {window}", daemon=True
        ).start()

    def next_outcome(self) -> Outcome:
        """Wait for the next window that finishes; return it with its file or its error."""
        window, outcome = self._done.get()
        self._in_flight.remove(window)
        return window, outcome

    def _fetch_window(self, window: Window) -> None:
        try:
            self._done.put((window, self._fetch(window)))
        except BaseException as error:  # noqa: BLE001  (the caller of next_outcome decides about it)
            self._done.put((window, error))


def is_full(package: Sequence[Landed]) -> bool:
    """Return True if the files are enough for a package."""
    return len(package) >= PACKAGE_FILES or sum(file.raw_size for file in package) >= PACKAGE_BYTES


def reusable_files(
    folder: LandingFolder,
    due: Iterable[date],
    *,
    recent_from: date,
    filter_hash: str,
    in_flight: Collection[Window],
) -> list[Landed]:
    """Return the verified files left by a killed run whose days are all due; delete the others.

    A file with days from ``recent_from`` on must be recent, since these days are refetched for late
    events. The files of windows ``in_flight`` are kept.
    """
    left = set(due)
    usable = []
    # Newest first: of two files with the same day, the newer one is used.
    for landed in reversed(folder.verified_files("events")):
        recent = landed.window.last < recent_from or is_recent(landed, within=REUSE_WITHIN)
        wanted = landed.filter_hash == filter_hash and left.issuperset(landed.window.days())
        if recent and wanted:
            usable.append(landed)
            left.difference_update(landed.window.days())
        elif landed.window not in in_flight:
            landed.discard()
    return usable
