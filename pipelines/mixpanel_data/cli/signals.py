"""Signals that end a command: Ctrl-C, or one from the program that runs it."""

import os
import signal
from types import FrameType
from typing import Never

_received: list[int] = []


def listen() -> None:
    """Let SIGINT and SIGTERM end the command cleanly, and a second signal at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def stop_code() -> int | None:
    """Return the exit code of a command that a signal ended; None if none did."""
    return 128 + _received[0] if _received else None


def _stop(number: int, _frame: FrameType | None) -> Never:
    if _received:
        # No data is lost: the next run continues from any state of the folder.
        os._exit(128 + number)
    _received.append(number)
    # As an exception, so that locks are freed and dbt is ended. Not as KeyboardInterrupt, which
    # libraries catch.
    raise SystemExit(128 + number)
