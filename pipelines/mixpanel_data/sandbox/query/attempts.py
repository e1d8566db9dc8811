"""The attempts of a user at a funnel (docs/definitions.md, section 6).

Order is loose, users are unique, and an entry is possible only after the exit from the one before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mixpanel_data.sandbox.query.facts import Fact

GRACE_MS = 2_000  # milliseconds; steps this close may be in either order


@dataclass(frozen=True)
class Attempt:
    """The steps that one entry has reached. ``times_ms`` never decrease, even within the grace
    period."""

    facts: list[Fact]
    times_ms: list[int]

    @property
    def entry(self) -> Fact:
        """The first step, which dates the attempt."""
        return self.facts[0]


def attempts(steps: list[list[Fact]], window_ms: int) -> Iterator[Attempt]:
    """Yield the attempts of one user, in order; ``steps`` are their events for each step, in order
    of time.

    Step 1 opens an attempt if none is open. It ends with the last step, or ``window_ms`` after step
    1, inclusive. Each next step is the first occurrence after the step before, or up to two seconds
    before it. No event counts for two steps.
    """
    free_from: int | None = None
    used: set[int] = set()
    for entry in steps[0]:
        if id(entry) in used or (free_from is not None and entry.instant_ms <= free_from):
            continue
        attempt = _walk(entry, steps[1:], window_ms)
        used = {id(fact) for fact in attempt.facts}
        has_converted = len(attempt.facts) == len(steps)
        free_from = attempt.times_ms[-1] if has_converted else entry.instant_ms + window_ms
        yield attempt


def _walk(entry: Fact, later_steps: list[list[Fact]], window_ms: int) -> Attempt:
    attempt = Attempt([entry], [entry.instant_ms])
    for candidates in later_steps:
        following = _next(candidates, attempt, entry.instant_ms + window_ms)
        if following is None:
            break
        attempt.times_ms.append(max(following.instant_ms, attempt.times_ms[-1]))
        attempt.facts.append(following)
    return attempt


def _next(candidates: list[Fact], attempt: Attempt, end_ms: int) -> Fact | None:
    earliest = attempt.times_ms[-1] - GRACE_MS
    for fact in candidates:
        if fact.instant_ms > end_ms:
            return None
        if fact.instant_ms >= earliest and not any(fact is taken for taken in attempt.facts):
            return fact
    return None
