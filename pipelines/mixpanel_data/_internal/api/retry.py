"""Decides which failures are retried, and after which wait.

Tests remove the waits with ``stamina.set_testing(True, attempts=4, cap=True)``.
"""

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass

import stamina

from mixpanel_data._internal.api.bounds import NOT_RETRYABLE
from mixpanel_data._internal.api.transport_errors import PERMANENT
from mixpanel_data.exceptions import APIError, IncompleteExportError, RateLimitError, ServerError

# Without a handler, Python would print stamina's messages over the progress bars.
logging.getLogger("stamina").addHandler(logging.NullHandler())

# Mixpanel sends no Retry-After (its page on 429), so the first wait is half a minute, then doubles.
_FIRST_RATE_LIMIT_WAIT = 30.0


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

    def attempts(self) -> Iterable[stamina.Attempt]:
        """Return attempts to enter until one succeeds; the last failure is raised unchanged."""
        return stamina.retry_context(
            on=_RetryDecision(self.max_attempts, self.max_rate_limit_wait),
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

    def __init__(self, max_attempts: int, max_rate_limit_wait: float | None) -> None:
        self._left = max_attempts
        self._longest = max_rate_limit_wait
        self._unasked = _FIRST_RATE_LIMIT_WAIT

    def __call__(self, error: Exception) -> bool | float:
        if not isinstance(error, RateLimitError):
            return is_transient(error) and self._try_is_left()
        if self._longest is None:
            return 0.0
        wait = float(self._next_unasked() if error.retry_after is None else error.retry_after)
        if wait > self._longest or not self._try_is_left():
            return False
        return wait + random.uniform(0, wait / 10)  # noqa: S311 - spreads requests, guards nothing

    def _try_is_left(self) -> bool:
        self._left -= 1
        return self._left > 0

    def _next_unasked(self) -> float:
        wait, self._unasked = self._unasked, self._unasked * 2
        return wait
