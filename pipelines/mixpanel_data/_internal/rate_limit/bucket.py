"""Decides whether a request may be sent now, and if not, when, from the log in one transaction."""

from dataclasses import dataclass, replace
from typing import Literal

from mixpanel_data._internal.rate_limit.limits import (
    HOUR,
    Allowance,
    Limit,
    next_free_time,
    nth_start,
)
from mixpanel_data._internal.rate_limit.request_log import RequestLog

PAGES = "/pages"
"""The suffix of a bucket's name for follow-up pages of profiles that do not count."""

PagesCount = Literal["auto", "yes", "no"]


@dataclass(frozen=True)
class Decision:
    """The decision at the moment ``now``: a request ``number``, or else a wait in seconds.

    ``reason`` is what the wait is for, phrased to follow "waiting for".
    """

    now: float
    wait: float = 0.0
    reason: str = ""
    number: int | None = None


@dataclass(frozen=True)
class Bucket:
    """One API family of one project: its name in the log, and its limits."""

    family: str
    name: str
    allowance: Allowance
    file: str = "the budget's file"
    """The path of the log, for messages."""
    learns: bool = True
    """True if a learned hourly limit replaces the one of the allowance; otherwise both apply."""
    reserved: int = 0
    """Requests of each hour that are reserved for other callers."""
    pages: PagesCount = "yes"
    """For follow-up pages of profiles, whether Mixpanel counts them; ``yes`` for other requests."""

    def decide(self, log: RequestLog, slot: str | None) -> Decision:
        """Decide about the request that has just taken ``slot``. If permitted, it counts from now
        on."""
        if slot:
            # We have the slot now, so the request that had it before has ended.
            log.release_slot(slot)
        counts = self._counts(log)
        past = self._received_times(log)
        full = [
            (
                next_free_time(past, limit),
                f"the {self.family} budget ({limit}{self._reserve_note()})",
            )
            for limit in (self._limits(log) if counts else ())
        ]
        until, reason = max(self._blocked_until(log) + full, default=(log.now, ""))
        if until <= log.now:
            name = self.name if counts else f"{self.name}{PAGES}"
            return Decision(log.now, number=log.grant(name, slot))
        return Decision(log.now, until - log.now, reason)

    def record_429(self, log: RequestLog) -> None:
        """Record that one of these requests got a 429."""
        if self.pages == "auto":
            log.count_pages(self.name)

    def counted_hourly_limit(self, log: RequestLog) -> int | None:
        """Return the hourly limit of these requests; None if they do not count."""
        return self.hourly_limit(log) if self._counts(log) else None

    def hourly_limit(self, log: RequestLog) -> int:
        """Return the hourly limit, as far as it is known."""
        return min(limit.count for limit in self._limits(log) if limit.seconds == HOUR)

    def spent(self, log: RequestLog) -> int:
        """Return the number of requests that count in the last hour."""
        return sum(time > log.now - HOUR for time in self._received_times(log))

    def remaining(self, log: RequestLog) -> int:
        """Return the number of requests still permitted in this hour, regardless of their pace."""
        if any(until > log.now for until, _ in self._blocked_until(log)):
            return 0
        return max(0, self.hourly_limit(log) - self.spent(log))

    def wait(self, log: RequestLog, count: int) -> float:
        """Return the seconds until the last of ``count`` further requests may be sent."""
        start = max([log.now, *(until for until, _ in self._blocked_until(log))])
        return nth_start(self._received_times(log), self._limits(log), start, count) - log.now

    def _counts(self, log: RequestLog) -> bool:
        if self.pages == "auto":
            return log.pages_count(self.name)
        return self.pages == "yes"

    def _received_times(self, log: RequestLog) -> list[float]:
        past = log.received_times(self.name)
        if log.pages_count(self.name):  # they counted before that was known, too
            past = sorted([*past, *log.received_times(f"{self.name}{PAGES}")])
        return past

    def _limits(self, log: RequestLog) -> tuple[Limit, ...]:
        learned = log.learned_limits(self.name)
        has_hourly = self.learns and any(limit.seconds == HOUR for limit in learned)
        rates = [
            limit for limit in self.allowance.rates if not (has_hourly and limit.seconds == HOUR)
        ]
        limits = (*rates, *learned, *log.named_limits(self.name))
        return tuple(map(self._without_reserve, limits))

    def _without_reserve(self, limit: Limit) -> Limit:
        if limit.seconds != HOUR:
            return limit
        # At most half of the limit, so that a small one is enough for both.
        return replace(limit, count=limit.count - min(self.reserved, limit.count // 2))

    def _reserve_note(self) -> str:
        return "; the rest is kept for syncs" if self.reserved else ""

    def _blocked_until(self, log: RequestLog) -> list[tuple[float, str]]:
        """Return the times until which no request is permitted, with reasons."""
        last = log.last_429(self.name)
        blocks = []
        if last:
            blocks.append(
                (last.until, f"the {self.family} budget, used up according to Mixpanel (429)")
            )
        if self.allowance.rates:
            blocks.append((log.trusted_from(), self._damage_reason()))
        return blocks

    def _damage_reason(self) -> str:
        """Return the reason for an hour without requests, and how to shorten it."""
        return (
            f"the {self.family} budget, whose log was damaged: {self.file} no longer shows the "
            "requests of the last hour, so the budget is assumed to be used up (the damaged file "
            "is kept beside it, as .damaged). If no program or person sent a request for this "
            "project in the last hour, delete that file and rerun the command; otherwise wait,"
        )
