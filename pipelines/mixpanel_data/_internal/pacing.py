"""Never more than three exports a second [reference page, 3]: within this process."""

import threading
import time
from collections import deque

EXPORTS_PER_SECOND = 3
WINDOW_SECONDS = (
    1.05  # a little over a second: the server's clock ticks on another side of the wire
)


class Pacing:
    """A gate that a client passes before every request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=EXPORTS_PER_SECOND)

    def __call__(self, family: str) -> None:
        """Wait until an export may start. Other families pass at once."""
        if family != "export":
            return
        with self._lock:
            if len(self._starts) == EXPORTS_PER_SECOND:
                time.sleep(max(0.0, self._starts[0] + WINDOW_SECONDS - time.monotonic()))
            self._starts.append(time.monotonic())
