"""A run of a pipeline in a process of its own, which is killed at a point of it."""

import os
import sys
import traceback
from collections.abc import Mapping
from datetime import date

from mixpanel_data._internal.run import context
from support.crash.child import TODAY
from support.crash.points import Point, die
from support.places import Place


def run_and_die(place: Place, environment: Mapping[str, str], point: Point) -> int:
    """How the child ended, as ``subprocess`` has it: -9 when it was killed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            os.environ.update(environment)
            context.today = _today  # type: ignore[assignment, attr-defined]
            point.arm(die)
            place.run()
            os._exit(0)
        except BaseException:  # noqa: BLE001  (it ends this child)
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _today(*_: object) -> date:
    return TODAY
