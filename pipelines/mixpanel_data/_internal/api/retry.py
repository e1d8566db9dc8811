"""Decides which failures are retried, and after which wait.

Tests remove the waits with ``stamina.set_testing(True, attempts=4, cap=True)``.
"""

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import stamina

from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.transport_errors import PERMANENT
from mixpanel_data.exceptions import APIError, IncompleteExportError, RateLimitError, ServerError

# Without a handler, Python would print stamina's messages over the progress bars.
logging.getLogger("stamina").addHandler(logging.NullHandler())

# Mixpanel sends no Retry-After (its page on 429), so the first wait is half a minute, then doubles.
_FIRST_RATE_LIMIT_WAIT = 30.0


OnRetry = Callable[[int, float, str], None]
"""Called before a retry with the number of the attempt that failed, the seconds until the next one
(at least), and the failure."""


def ignore_retry(_attempt: int, _seconds: float, _reason: str) -> None:
    """Announce no retry."""


@dataclass(frozen=True)
class RetryPolicy:
    """The retries of one call. Waits are seconds, doubling from ``wait_initial`` to ``wait_max``,
    with jitter.

    A 429 is waited for only if its wait is ``max_rate_limit_wait`` or less; longer waits are the
    caller's decision. With None, the gate waits before the next attempt, or raises an error.
    """

    max_attempts: int = 4
    wait_initial: float = 2.0
    wait_max: float = 60.0
    max_rate_limit_wait: float | None = 60.0

    def attempts(self, on_retry: OnRetry = ignore_retry) -> Iterable[stamina.Attempt]:
        """Return attempts to enter until one succeeds; the last failure is raised unchanged.

        ``on_retry`` is called before the wait for another attempt, unless a rate limit asks for it.
        """
        return stamina.retry_context(
            on=_RetryDecision(self, on_retry),
            attempts=None,
            timeout=None,
            wait_initial=self.wait_initial,
            wait_max=self.wait_max,
            wait_jitter=self.wait_initial,
        )


def is_transient(error: Exception) -> bool:
    """Return True if a retry may succeed: a 5xx, a network failure, a body that ended early."""
    if isinstance(error, IncompleteExportError):
        return error.reason not in NOT_RETRYABLE
    if isinstance(error, ServerError):
        return True
    if not isinstance(error, APIError):
        return False
    return error.status_code is None and error.details.get("cause") not in PERMANENT


class _RetryDecision:
    """Decides after each failure of a call: stop, retry, or retry after a number of seconds."""

    def __init__(self, policy: RetryPolicy, on_retry: OnRetry) -> None:
        self._policy = policy
        self._on_retry = on_retry
        self._failed = 0
        self._left = policy.max_attempts
        self._longest = policy.max_rate_limit_wait
        self._unasked = _FIRST_RATE_LIMIT_WAIT

    def __call__(self, error: Exception) -> bool | float:
        self._failed += 1
        if not isinstance(error, RateLimitError):
            retried = is_transient(error) and self._try_is_left()
            if retried:
                self._on_retry(self._failed, self._wait(), str(error))
            return retried
        if self._longest is None:
            return 0.0
        wait = float(self._next_unasked() if error.retry_after is None else error.retry_after)
        if wait > self._longest or not self._try_is_left():
            return False
        return wait + random.uniform(0, wait / 10)  # noqa: S311 - spreads requests, guards nothing

    def _wait(self) -> float:
        """Return the wait before the next attempt, without its jitter."""
        doubled: float = self._policy.wait_initial * 2 ** (self._failed - 1)
        return min(doubled, self._policy.wait_max)

    def _try_is_left(self) -> bool:
        self._left -= 1
        return self._left > 0

    def _next_unasked(self) -> float:
        wait, self._unasked = self._unasked, self._unasked * 2
        return wait
