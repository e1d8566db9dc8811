"""The rate limiter: all processes of a data folder together never exceed Mixpanel's limits.

Mixpanel counts requests by project (its page on rate limits), so the programs of colleagues use the
same limit. Their requests show only as a 429, which is recorded here for all processes.

A request counts from the moment it is permitted until an hour (or a second) after the last moment
at which Mixpanel can have received it. So neither a slow network nor a crash in between can let
one request too many through.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from mixpanel_data._internal.rate_limit.bucket import Bucket, Decision, PagesCount
from mixpanel_data._internal.rate_limit.clock import Clock, read_clock
from mixpanel_data._internal.rate_limit.limits import allowances
from mixpanel_data._internal.rate_limit.permit import CountedPermit, RequestRecord
from mixpanel_data._internal.rate_limit.slots import take_slot
from mixpanel_data._internal.rate_limit.store import RequestLogFile
from mixpanel_data._internal.rate_limit.waiting import OnWait, WaitLimit

HOURLY_LIMIT = 60
"""The limit that Mixpanel's page on rate limits states for every project."""

Counted = Literal["export", "query"]
"""The API families with a limit. Engage belongs to ``query``."""

SLOT_WAIT = 5.0
"""Seconds. The wait reported when all slots are busy; the real wait is unknown."""


class RateLimiter:
    """Permits the requests of one project; the client's gate. Safe to share between threads.

    ``folder`` stores the log; every process with the same folder shares it. ``hourly_limit``
    applies to exports and to queries separately; None means 60 until a 429 names the project's own
    limit. ``reserved`` requests of each hour are left to other callers. ``pages_count`` is
    whether follow-up pages of profiles count; ``auto`` means no until one gets a 429. ``max_wait``
    is the longest wait for a request, in seconds. ``on_wait`` is called for waits of two seconds or
    more.
    """

    def __init__(
        self,
        folder: Path,
        *,
        project_id: str,
        region: str,
        hourly_limit: int | None = None,
        reserved: int = 0,
        pages_count: PagesCount = "auto",
        max_wait: float = 900.0,
        on_wait: OnWait = lambda _seconds, _reason: None,
        clock: Clock = read_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._file = RequestLogFile(folder / "requests.sqlite", clock)
        self._wait_limit = WaitLimit(max_wait, on_wait, sleep)
        self._buckets = {
            family: Bucket(
                family,
                f"{region}/{project_id}/{family}",
                allowance,
                str(self._file.path),
                learns=hourly_limit is None,
                reserved=reserved,
            )
            for family, allowance in allowances(hourly_limit or HOURLY_LIMIT).items()
        }
        self._buckets["pages"] = replace(self._buckets["query"], pages=pages_count)

    def __call__(self, family: str) -> CountedPermit:
        """Wait until one request is permitted. Ctrl-C ends the wait at once.

        Raises:
            RateLimitError: if the wait would exceed ``max_wait``; ``retry_after`` is its length.
            StorageError: if the folder can't be written, since no request is sent unrecorded.
        """
        bucket = self._buckets[family]
        answer = self._try(bucket)
        began = answer.now if isinstance(answer, Decision) else 0.0
        while isinstance(answer, Decision):
            self._wait_limit.wait(bucket.name, answer, began, self._file.wall())
            answer = self._try(bucket)
        return answer

    def spent(self, family: Counted) -> int:
        """Return the number of requests of the last hour."""
        return self._file.read(self._buckets[family].spent)

    def remaining(self, family: Counted) -> int:
        """Return the number of requests that may be sent now without a longer wait."""
        return self._file.read(self._buckets[family].remaining)

    def state(self) -> dict[str, dict[str, int]]:
        """Return ``spent``, ``remaining`` and ``hourly_limit`` of each family that has a limit."""
        families: tuple[Counted, ...] = ("export", "query")
        return {
            family: {
                "spent": self.spent(family),
                "remaining": self.remaining(family),
                "hourly_limit": self._file.read(self._buckets[family].hourly_limit),
            }
            for family in families
        }

    def pages_an_hour(self) -> int | None:
        """Return how many follow-up pages of profiles an hour allows; None if they do not count."""
        return self._file.read(self._buckets["pages"].counted_hourly_limit)

    def free_at(self, family: Counted, count: int = 1) -> datetime:
        """Return when the last of ``count`` further requests may be sent, in UTC.

        Requests that others send meanwhile are not considered.
        """
        wait = self._file.read(lambda log: self._buckets[family].wait(log, count))
        return datetime.fromtimestamp(self._file.wall(), UTC) + timedelta(seconds=wait)

    def _try(self, bucket: Bucket) -> CountedPermit | Decision:
        slot, concurrent = None, bucket.allowance.concurrent
        with ExitStack() as undo:
            if concurrent:
                slot = take_slot(self._folder, bucket.family, concurrent)
                if slot is None:
                    reason = f"one of {concurrent} {bucket.family} requests in flight to end"
                    return Decision(self._file.transact(lambda log: log.now), SLOT_WAIT, reason)
                undo.callback(slot.release)
            name = Path(slot.lock_file).stem if slot else None
            # Decided and recorded in one transaction: two processes can't use the same place.
            decision = self._file.transact(lambda log: bucket.decide(log, name))
            if decision.number is None:
                return decision
            undo.pop_all()  # the permit has the slot now
        record = RequestRecord(self._file, bucket, decision.number, decision.now, self._wait_limit)
        return CountedPermit(record, slot)
