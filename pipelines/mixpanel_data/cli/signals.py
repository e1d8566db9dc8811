"""Signals that end a command: Ctrl-C, or one from the program that runs it."""

import os
import signal
from types import FrameType
from typing import Never

_received: list[int] = []


def listen() -> None:
    """From now on SIGINT and SIGTERM end the command in order, and a second one at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def stop_code() -> int | None:
    """The exit code of a command that a signal ended; None if none did."""
    return 128 + _received[0] if _received else None


def _stop(number: int, _frame: FrameType | None) -> Never:
    if _received:
        # Nothing is lost by that: the next run continues from any instant.
        os._exit(128 + number)
    _received.append(number)
    # As an exception, so that locks are freed and dbt is ended. Not as KeyboardInterrupt, which
    # libraries catch.
    raise SystemExit(128 + number)
