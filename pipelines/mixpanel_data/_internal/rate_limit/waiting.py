"""How long this process waits for a turn, who hears of it, and what is said when it would be too
long."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from mixpanel_data._internal.rate_limit.bucket import Turn
from mixpanel_data._internal.text import said
from mixpanel_data.exceptions import RateLimitError

LOOK_AGAIN = 0.5
SHORTEST_SLEEP = 0.001

PACE = 5.0
"""Waits that keep the pace, up to so many seconds, are no reason to give up, nor, below two, to be
spoken of."""
SILENT = 2.0

OnWait = Callable[[float, str], None]
"""Told that nothing will be asked for so many seconds, and what is waited for."""


class Patience:
    """At most ``max_wait`` seconds in a row."""

    def __init__(self, max_wait: float, on_wait: OnWait, sleep: Callable[[float], None]) -> None:
        self._longest = max(max_wait, PACE)
        self._max_wait = max_wait
        self._on_wait = on_wait
        self._sleep = sleep
        self._since: dict[str, float] = {}
        self._announced: dict[str, float] = {}

    def use(self, bucket: str, since: float) -> None:
        """A 429 came: what is waited from ``since`` until a request goes through again is one wait."""
        self._since.setdefault(bucket, since)

    def renew(self, bucket: str) -> None:
        """A request went through, or the wait was given up: the next wait is another one."""
        self._since.pop(bucket, None)

    def wait(self, bucket: str, turn: Turn, since: float, wall: float) -> None:
        """Sleep until it is time to look again.

        ``since`` is when this request began to wait, ``wall`` the time on the wall for
        ``turn.now``.

        Raises:
            RateLimitError: the turn would come later than patience lasts.
        """
        until = turn.now + turn.wait
        begun = min(since, self._since.get(bucket, since))
        if turn.wait >= PACE and until - begun > self._longest:
            self.renew(bucket)
            raise self._too_long(turn, wall + turn.wait)
        if turn.wait >= SILENT and until > self._announced.get(bucket, 0.0) + 1.0:
            self._announced[bucket] = until
            self._on_wait(turn.wait, turn.reason)
        self._sleep(_until_next_look(turn.wait))

    def _too_long(self, turn: Turn, free_at: float) -> RateLimitError:
        free = datetime.fromtimestamp(math.ceil(free_at), UTC)
        return RateLimitError(
            f"The next request has to wait for {turn.reason} until {_clock_time(free)}, that is {said(turn.wait)}; "
            f"at most {said(self._max_wait)} are waited (MP_MAX_WAIT, --max-wait). "
            "What has come is kept: run the same again then.",
            retry_after=math.ceil(turn.wait),
            details={"waiting_for": turn.reason, "free_at": free.isoformat()},
        )


def _until_next_look(wait: float) -> float:
    """Seconds to sleep. Others may free the turn, and a machine that slept has not counted that: so
    not all at once."""
    return max(SHORTEST_SLEEP, min(wait, max(LOOK_AGAIN, wait / 10)))


def _clock_time(moment: datetime) -> str:
    """Here and in UTC, with the day where it is another one."""
    here = moment.astimezone()
    day = "" if here.date() == datetime.now(here.tzinfo).date() else f"{here:%Y-%m-%d} "
    return f"{day}{here:%H:%M:%S} ({moment:%H:%M:%S} UTC)"
