"""Several windows at once: while one package is loaded, the next windows are on their way."""

import queue
import threading
from collections.abc import Callable

from mixpanel_data._internal.landing import Landed
from mixpanel_data._internal.windows import Window

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
