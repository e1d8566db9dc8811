"""The request budget: never more than Mixpanel allows, over all processes of a data folder,
whatever happens to them.

Mixpanel counts by project (its page on rate limits), so colleagues' programs spend the same budget:
what they leave shows only as a 429, which is noted here for all processes.

A request counts from the moment it may go until an hour (a second) after the last moment at which
it can have reached Mixpanel. So neither a slow network nor a crash between the two lets one request
too many through.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from mixpanel_data._internal.rate_limit.bucket import Bucket, PagesCount, Turn
from mixpanel_data._internal.rate_limit.clock import Clock, read_clock
from mixpanel_data._internal.rate_limit.limits import allowances
from mixpanel_data._internal.rate_limit.permit import Permit, Record
from mixpanel_data._internal.rate_limit.slots import take_slot
from mixpanel_data._internal.rate_limit.store import BudgetFile
from mixpanel_data._internal.rate_limit.waiting import OnWait, Patience

HOURLY_LIMIT = 60
"""What Mixpanel's page on rate limits gives every project."""

Counted = Literal["export", "query"]
"""The API families with a limit. Engage is of ``query``."""

PLACE_WAIT = 5.0
"""Seconds that a taken place is said to be taken yet: nobody knows."""


class Budget:
    """What one project may still ask; the client's gate. Safe to share between threads.

    ``folder`` keeps it; every process that names the same folder shares it. ``hourly_limit`` is for
    each of exports and queries; None: 60 until a 429 names the project's own limit. ``reserved``
    requests of each hour are left to others. ``pages_count`` says whether follow-up pages of
    profiles count; ``auto``: not until one is refused. ``max_wait`` is the longest wait for a
    request, in seconds. ``on_wait`` is called for waits of two seconds and more.
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
        self._file = BudgetFile(folder / "requests.sqlite", clock)
        self._patience = Patience(max_wait, on_wait, sleep)
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

    def __call__(self, family: str) -> Permit:
        """Leave for one request, after waiting for it; a wait is ended by Ctrl-C at once.

        Raises:
            RateLimitError: it would be a longer wait than ``max_wait``; ``retry_after`` says how
                long.
            StorageError: the folder can't be written, and a request that is not noted is not made.
        """
        bucket = self._buckets[family]
        answer = self._try(bucket)
        began = answer.now if isinstance(answer, Turn) else 0.0
        while isinstance(answer, Turn):
            self._patience.wait(bucket.name, answer, began, self._file.wall())
            answer = self._try(bucket)
        return answer

    def spent(self, family: Counted) -> int:
        """Requests of the last hour."""
        return self._file.look(self._buckets[family].spent)

    def remaining(self, family: Counted) -> int:
        """Requests that may be made now, at their pace, without a longer wait."""
        return self._file.look(self._buckets[family].remaining)

    def state(self) -> dict[str, dict[str, int]]:
        """``spent``, ``remaining`` and ``hourly_limit`` of each family that has a limit."""
        families: tuple[Counted, ...] = ("export", "query")
        return {
            family: {
                "spent": self.spent(family),
                "remaining": self.remaining(family),
                "hourly_limit": self._file.look(self._buckets[family].hourly_limit),
            }
            for family in families
        }

    def pages_an_hour(self) -> int | None:
        """How many follow-up pages of profiles an hour can have; None where they do not count."""
        return self._file.look(self._buckets["pages"].most_an_hour)

    def free_at(self, family: Counted, count: int = 1) -> datetime:
        """When the last of ``count`` further requests may go, in UTC, if nobody else asks
        meanwhile."""
        wait = self._file.look(lambda books: self._buckets[family].wait(books, count))
        return datetime.fromtimestamp(self._file.wall(), UTC) + timedelta(seconds=wait)

    def _try(self, bucket: Bucket) -> Permit | Turn:
        slot, concurrent = None, bucket.allowance.concurrent
        with ExitStack() as undo:
            if concurrent:
                slot = take_slot(self._folder, bucket.family, concurrent)
                if slot is None:
                    reason = f"one of {concurrent} {bucket.family} requests under way to end"
                    return Turn(self._file.run(lambda books: books.now), PLACE_WAIT, reason)
                undo.callback(slot.release)
            name = Path(slot.lock_file).stem if slot else None
            turn = self._file.run(lambda books: bucket.ask(books, name))
            if turn.number is None:
                return turn
            undo.pop_all()
        record = Record(self._file, bucket, turn.number, turn.now, self._patience)
        return Permit(record, slot)
