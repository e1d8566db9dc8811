"""Mixpanel's rate limits: rolling windows and requests in flight, per API family."""

import threading
from collections import deque
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from mixpanel_data.sandbox.errors import EXPORT_PATH, RefusedError
from mixpanel_data.sandbox.project import Clock

TOO_MANY = "Query rate limit exceeded"
HOUR = 3_600.0


@dataclass(frozen=True)
class Limits:
    """What one family allows. ``per_second`` None: not documented."""

    per_hour: int
    concurrent: int
    per_second: int | None = None


EXPORT = Limits(per_hour=60, concurrent=100, per_second=3)
QUERY = Limits(per_hour=60, concurrent=5)


class Limiter:
    """Counts the requests of one family. A refused request is not counted."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._accepted: deque[float] = deque()
        self._in_flight = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Take a place; False if there is none."""
        with self._lock:
            now = self._clock()
            while self._accepted and self._accepted[0] <= now - HOUR:
                self._accepted.popleft()
            if self._is_full(now):
                return False
            self._accepted.append(now)
            self._in_flight += 1
            return True

    def leave(self) -> None:
        """The answer is out, or its connection gone."""
        with self._lock:
            self._in_flight -= 1

    def _is_full(self, now: float) -> bool:
        limits = self.limits
        last_second = sum(moment > now - 1 for moment in self._accepted)
        return (
            len(self._accepted) >= limits.per_hour
            or self._in_flight >= limits.concurrent
            or (limits.per_second is not None and last_second >= limits.per_second)
        )


class RateLimited:
    """Refuses with 429, and without ``Retry-After`` unless ``retry_after`` says how many seconds to name."""

    def __init__(self, app: ASGIApp, clock: Clock, retry_after: int | None = None) -> None:
        self.app = app
        self.export = Limiter(EXPORT, clock)
        self.query = Limiter(QUERY, clock)
        self.retry_after = retry_after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limiter = self._limiter(scope["path"])
        if limiter is None:
            await self.app(scope, receive, send)
            return
        if not limiter.enter():
            headers = {"Retry-After": str(self.retry_after)} if self.retry_after else None
            raise RefusedError(429, TOO_MANY, headers)
        try:
            await self.app(scope, receive, send)
        finally:
            limiter.leave()

    def _limiter(self, path: str) -> Limiter | None:
        if path == EXPORT_PATH:
            return self.export
        return self.query if path.startswith("/api/query/") else None
