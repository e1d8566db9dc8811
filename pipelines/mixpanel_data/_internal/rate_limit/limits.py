"""What Mixpanel allows, and when the next request fits: pure functions of the requests made so far.

Source of the figures: Mixpanel's page on rate limits. They hold for a project, whoever asks.
"""

import re
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600.0
_SECONDS = {"second": 1.0, "sec": 1.0, "minute": 60.0, "min": 60.0, "hour": HOUR, "hr": HOUR}

UNEVEN_CLOCKS = 1.001
"""Our clock may run this much faster than Mixpanel's: what the system's time keeping corrects,
twice."""

_LONGEST_HEADER = 2000

# "60 requests per hour", "a maximum of 5 queries an hour", "3/sec"; not "5 concurrent queries", not
# a day.
_NAMED = re.compile(
    r"(?i)(?<![\d.,])(\d{1,6})\s*(?:[a-z]+\s+){0,3}?(?:/|per|an?|each|every)\s*(second|sec|minute|min|hour|hr)\b"
)


@dataclass(frozen=True)
class Limit:
    """At most ``count`` requests in any ``seconds``, however the window lies."""

    count: int
    seconds: float

    def __str__(self) -> str:
        unit = {1.0: "a second", 60.0: "a minute", HOUR: "an hour"}.get(self.seconds)
        return f"{self.count} {unit}" if unit else f"{self.count} in {self.seconds:g} seconds"


@dataclass(frozen=True)
class Allowance:
    """What one API family may do. ``concurrent`` None: as many at once as one likes."""

    rates: tuple[Limit, ...] = ()
    concurrent: int | None = None


def allowances(hourly_limit: int) -> dict[str, Allowance]:
    """The allowance of each API family; ``hourly_limit`` is for exports and for queries, each on
    its own."""
    hourly = Limit(hourly_limit, HOUR)
    return {
        "export": Allowance((hourly, Limit(3, 1.0)), concurrent=100),
        "query": Allowance((hourly,), concurrent=5),  # engage is a query, too
        "app": Allowance(),
    }


def nth_start(past: Sequence[float], limits: Sequence[Limit], now: float, count: int) -> float:
    """When the last of ``count`` further requests may go, if each goes as soon as it may."""
    times = list(past)
    for _ in range(count):
        now = max([now, *(freed(times, limit) for limit in limits)])
        insort(times, now)
    return now


def freed(past: Sequence[float], limit: Limit) -> float:
    """When one more request fits into ``limit``; long ago, if it does already. ``past``, sorted, in
    seconds."""
    if len(past) < limit.count:
        return float("-inf")
    return past[-limit.count] + limit.seconds * UNEVEN_CLOCKS


def policy_limits(header: str) -> list[Limit]:
    """The rates of a ``RateLimit-Policy`` header, such as ``"project";q=400;w=3600``; items that
    name none are left out.

    Source: the IETF draft on RateLimit header fields; which items Mixpanel sends is its own
    client's knowledge. Items about requests at once have no rate.
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
    """The members of a list, which commas part where they are not quoted."""
    return ["".join(part) for part in re.findall(r'((?:"[^"]*"|[^",])+)', header[:_LONGEST_HEADER])]


def named_limits(text: str) -> list[Limit]:
    """The rates that an answer speaks of, such as "60 requests per hour"; none when it speaks of
    none."""
    return [
        Limit(int(count), _SECONDS[unit.lower()])
        for count, unit in _NAMED.findall(text)
        if int(count)
    ]
