"""The ``mp`` command. Heavy libraries are imported by the commands that need them: ``mp --help`` is quick."""

import signal
import sys
from types import FrameType
from typing import Never


def main() -> None:
    """Run ``mp`` and exit with one of the documented codes."""
    from mixpanel_data.cli.app import run

    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


def _terminate(_number: int, _frame: FrameType | None) -> Never:
    # As an exception, so that locks are freed and half-written files go the way of every other failure.
    raise SystemExit(128 + signal.SIGTERM)
