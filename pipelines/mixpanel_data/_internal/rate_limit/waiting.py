"""The waits of this process for permission: their limit, and when they are announced."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from mixpanel_data._internal.rate_limit.bucket import Decision
from mixpanel_data._internal.text import format_duration
from mixpanel_data.exceptions import RateLimitError

RECHECK_SECONDS = 0.5
MIN_SLEEP_SECONDS = 0.001

PACE = 5.0
"""Seconds. Shorter waits keep the pace, and are never a reason to give up."""
SILENT = 2.0
"""Seconds. Shorter waits are not announced."""

OnWait = Callable[[float, str], None]
"""Called with the seconds for which no request will be sent, and with the reason."""


class WaitLimit:
    """Limits waits to ``max_wait`` seconds in a row."""

    def __init__(self, max_wait: float, on_wait: OnWait, sleep: Callable[[float], None]) -> None:
        self._longest = max(max_wait, PACE)
        self._max_wait = max_wait
        self._on_wait = on_wait
        self._sleep = sleep
        self._since: dict[str, float] = {}
        self._announced: dict[str, float] = {}

    def start(self, bucket: str, since: float) -> None:
        """After a 429, count all waits from ``since`` until the next success as one."""
        self._since.setdefault(bucket, since)

    def reset(self, bucket: str) -> None:
        """After a success, or when the wait was given up, restart the count."""
        self._since.pop(bucket, None)

    def wait(self, bucket: str, decision: Decision, since: float, wall: float) -> None:
        """Sleep until the next decision.

        ``since`` is when this request began to wait, ``wall`` the wall-clock time at
        ``decision.now``.

        Raises:
            RateLimitError: if the wait would exceed the limit.
        """
        until = decision.now + decision.wait
        began = min(since, self._since.get(bucket, since))
        if decision.wait >= PACE and until - began > self._longest:
            self.reset(bucket)
            raise self._too_long(decision, wall + decision.wait)
        if decision.wait >= SILENT and until > self._announced.get(bucket, 0.0) + 1.0:
            self._announced[bucket] = until
            self._on_wait(decision.wait, decision.reason)
        self._sleep(_seconds_to_recheck(decision.wait))

    def _too_long(self, decision: Decision, free_at: float) -> RateLimitError:
        free = datetime.fromtimestamp(math.ceil(free_at), UTC)
        return RateLimitError(
            f"The next request must wait for {decision.reason} until {_clock_time(free)}, that is "
            f"{format_duration(decision.wait)}; a wait may take at most "
            f"{format_duration(self._max_wait)} (MP_MAX_WAIT, --max-wait). Fetched data is kept: "
            "rerun the command then.",
            retry_after=math.ceil(decision.wait),
            details={"waiting_for": decision.reason, "free_at": free.isoformat()},
        )


def _seconds_to_recheck(wait: float) -> float:
    """Return the seconds to sleep before the next decision.

    Other processes may release the request sooner, and a suspended machine does not count its
    sleep, so the wait is divided.
    """
    return max(MIN_SLEEP_SECONDS, min(wait, max(RECHECK_SECONDS, wait / 10)))


def _clock_time(moment: datetime) -> str:
    """Format a time here and in UTC, with the date if it is not today's."""
    here = moment.astimezone()
    day = "" if here.date() == datetime.now(here.tzinfo).date() else f"{here:%Y-%m-%d} "
    return f"{day}{here:%H:%M:%S} ({moment:%H:%M:%S} UTC)"
