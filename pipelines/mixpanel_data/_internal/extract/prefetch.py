"""Windows become packages: landed several at a time, those first that lie here verified already."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from mixpanel_data._internal.landing.files import Landed, LandingFolder, is_recent
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import MixpanelDataError

PACKAGE_BYTES = 384 * 1024 * 1024
"""Bytes of lines after which a package is loaded: bounds disk, lock time and redone work."""

PACKAGE_FILES = 32

WORKERS = 3
"""Requests under way at once. The network is the limit, and three a second are allowed."""

REUSE_WITHIN = timedelta(hours=1)
"""How old a verified file may be to stand for a look-back day, which is read again for what came
late."""


class WindowLander:
    """Lands the windows of a run."""

    def __init__(self, land: Callable[[Window], Landed], folder: LandingFolder) -> None:
        self._folder = folder
        self._ahead = Ahead(land)
        self._answered = False

    @property
    def under_way(self) -> tuple[Window, ...]:
        """The windows that were begun and are in no package yet."""
        return self._ahead.under_way

    def reusable(self, due: Iterable[date], *, recent_from: date, filter_hash: str) -> list[Landed]:
        """The verified files a killed run left, as far as they hold days that are due; the others
        are removed.

        One with days from ``recent_from`` on must be fresh: those are read again for what came
        late.
        """
        left = set(due)
        usable = []
        for landed in reversed(self._folder.verified_files("events")):
            fresh = landed.window.last < recent_from or is_recent(landed, within=REUSE_WITHIN)
            wanted = landed.filter_hash == filter_hash and left.issuperset(landed.window.days())
            if fresh and wanted:
                usable.append(landed)
                left.difference_update(landed.window.days())
            elif landed.window not in self.under_way:
                landed.discard()
        return usable

    def package(
        self,
        windows: Sequence[Window],
        *,
        begun: Callable[[Window], None],
        failed: Callable[[MixpanelDataError], bool],
    ) -> list[Landed]:
        """Verified files that make a package; further windows may be under way when it is handed
        over.

        ``begun`` hears of each window as it starts; ``failed`` of each that did not come, and says
        whether to go on.
        """
        waiting = [window for window in windows if window not in self.under_way]
        package: list[Landed] = []
        while True:
            # Before a full package is handed over too: what comes next lands while it is loaded.
            while waiting and len(self.under_way) < (WORKERS if self._answered else 1):
                begun(waiting[0])
                self._ahead.begin(waiting.pop(0))
            if _is_full(package) or not self.under_way:
                break
            _, outcome = self._ahead.take()
            if isinstance(outcome, Landed):
                self._answered = True  # now that one came, refused credentials can't be refused three times at once
                package.append(outcome)
            elif not isinstance(outcome, MixpanelDataError):
                raise outcome
            elif not failed(outcome):
                waiting.clear()
        return package


def _is_full(package: Sequence[Landed]) -> bool:
    return len(package) >= PACKAGE_FILES or sum(file.raw_size for file in package) >= PACKAGE_BYTES


Outcome = tuple[Window, Landed | BaseException]


class Ahead:
    """Lands windows, each in a thread, and hands them back as they arrive.

    The threads die with the process: an interrupted run waits for no answer.
    """

    def __init__(self, land: Callable[[Window], Landed]) -> None:
        self._land = land
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._under_way: list[Window] = []

    @property
    def under_way(self) -> tuple[Window, ...]:
        """The windows that were begun and not taken."""
        return tuple(self._under_way)

    def begin(self, window: Window) -> None:
        """Start to land ``window``."""
        self._under_way.append(window)
        threading.Thread(
            target=self._run, args=(window,), name=f"land {window}", daemon=True
        ).start()

    def take(self) -> Outcome:
        """The next window that is through, with its file or what went wrong; waits for it."""
        window, outcome = self._done.get()
        self._under_way.remove(window)
        return window, outcome

    def _run(self, window: Window) -> None:
        try:
            self._done.put((window, self._land(window)))
        except BaseException as error:  # noqa: BLE001  (whatever it is, it belongs to who takes)
            self._done.put((window, error))
