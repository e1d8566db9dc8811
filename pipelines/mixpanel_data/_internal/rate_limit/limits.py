"""Mixpanel's limits, and when the next request fits: pure functions of the requests so far.

Source of the figures: Mixpanel's page on rate limits. They apply to a project, not to a caller.
"""

import re
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600.0
_SECONDS = {"second": 1.0, "sec": 1.0, "minute": 60.0, "min": 60.0, "hour": HOUR, "hr": HOUR}

CLOCK_DRIFT = 1.001
"""Our clock may run this much faster than Mixpanel's: twice what time synchronization corrects."""

_LONGEST_HEADER = 2000

# Matches "60 requests per hour", "a maximum of 5 queries an hour", "3/sec"; not "5 concurrent
# queries", and no daily limits.
_NAMED = re.compile(
    r"(?i)(?<![\d.,])(\d{1,6})\s*(?:[a-z]+\s+){0,3}?(?:/|per|an?|each|every)\s*(second|sec|minute|min|hour|hr)\b"
)


@dataclass(frozen=True)
class Limit:
    """At most ``count`` requests in any period of ``seconds``."""

    count: int
    seconds: float

    def __str__(self) -> str:
        unit = {1.0: "a second", 60.0: "a minute", HOUR: "an hour"}.get(self.seconds)
        return f"{self.count} {unit}" if unit else f"{self.count} in {self.seconds:g} seconds"


@dataclass(frozen=True)
class Allowance:
    """The limits of one API family. ``concurrent`` None means no limit on requests at once."""

    rates: tuple[Limit, ...] = ()
    concurrent: int | None = None


def allowances(hourly_limit: int) -> dict[str, Allowance]:
    """Return the allowance of each API family; ``hourly_limit`` is for exports and for queries,
    separately."""
    hourly = Limit(hourly_limit, HOUR)
    return {
        "export": Allowance((hourly, Limit(3, 1.0)), concurrent=100),
        "query": Allowance((hourly,), concurrent=5),  # engage counts as a query
        "app": Allowance(),
    }


def nth_start(past: Sequence[float], limits: Sequence[Limit], now: float, count: int) -> float:
    """Return when the last of ``count`` further requests may be sent, if each is sent at once."""
    times = list(past)
    for _ in range(count):
        now = max([now, *(next_free_time(times, limit) for limit in limits)])
        insort(times, now)
    return now


def next_free_time(past: Sequence[float], limit: Limit) -> float:
    """Return when one more request fits into ``limit``; minus infinity if it does already.

    ``past`` is sorted, in seconds.
    """
    if len(past) < limit.count:
        return float("-inf")
    return past[-limit.count] + limit.seconds * CLOCK_DRIFT


def policy_limits(header: str) -> list[Limit]:
    """Return the rates of a ``RateLimit-Policy`` header, such as ``"project";q=400;w=3600``.

    Items without a rate are ignored, as are those about concurrent requests. Source: the IETF draft
    on RateLimit header fields; which items Mixpanel sends is known from its own client.
    """
    limits = []
    for item in _items(header):
        name, *parameters = (part.strip() for part in item.split(";"))
        values = {
            key.strip().lower(): value.strip()
            for key, _, value in (p.partition("=") for p in parameters)
        }
        if "concurren" in f"{name} {values.get('qu', '')}".lower():
            continue
        quota, window = values.get("q", ""), values.get("w", "")
        if re.fullmatch(r"[0-9]{1,9}", quota) and re.fullmatch(r"[0-9]{1,5}", window):
            limit = Limit(int(quota), float(window))
            if limit.count and 1 <= limit.seconds <= HOUR:
                limits.append(limit)
    return limits


def _items(header: str) -> list[str]:
    """Split a list at the commas that are not inside quotes."""
    return ["".join(part) for part in re.findall(r'((?:"[^"]*"|[^",])+)', header[:_LONGEST_HEADER])]


def limits_in_message(text: str) -> list[Limit]:
    """Return the rates that a message mentions, such as "60 requests per hour"."""
    return [
        Limit(int(count), _SECONDS[unit.lower()])
        for count, unit in _NAMED.findall(text)
        if int(count)
    ]
