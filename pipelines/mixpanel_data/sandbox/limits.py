"""Mixpanel's rate limits: rolling windows and concurrent requests, per API family."""

import re
import threading
from collections import deque
from dataclasses import dataclass, replace

from starlette.types import ASGIApp, Receive, Scope, Send

from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.errors import EXPORT_PATH, RefusedError
from mixpanel_data.sandbox.project import Clock

_LEXICON_PATH = re.compile(r"/api/app/projects/[^/]+/schemas(/|$)")
ENGAGE_PATH = "/api/query/engage"
TOO_MANY = "Query rate limit exceeded"
HOUR, MINUTE = 3_600.0, 60.0


@dataclass(frozen=True)
class Limits:
    """The limits of one family: requests in rolling windows, and concurrent ones. None: not
    documented."""

    per_hour: int | None = None
    per_minute: int | None = None
    per_second: int | None = None
    concurrent: int | None = None

    @property
    def windows(self) -> list[tuple[float, int]]:
        """Return the seconds of each window, and the number of requests that may begin within
        it."""
        every = ((HOUR, self.per_hour), (MINUTE, self.per_minute), (1.0, self.per_second))
        return [(seconds, most) for seconds, most in every if most is not None]


EXPORT = Limits(per_hour=60, per_second=3, concurrent=100)
QUERY = Limits(per_hour=60, concurrent=5)
LEXICON = Limits(per_minute=5)


class Limiter:
    """Counts the requests of one family. A refused request does not count."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._accepted: deque[float] = deque()
        self._in_flight = 0
        self._lock = threading.Lock()

    @property
    def policy(self) -> str:
        """Return the ``RateLimit-Policy`` header of a refusal."""
        items = [f'"project";q={most};w={int(seconds)}' for seconds, most in self.limits.windows]
        if self.limits.concurrent is not None:
            items.append(
                f'"project-concurrency";q={self.limits.concurrent};qu="concurrent-requests"'
            )
        return ", ".join(items)

    def enter(self, *, counts: bool = True) -> bool:
        """Take a slot; return False if there is none. Requests that do not count are in no
        window."""
        with self._lock:
            now = self._clock()
            while self._accepted and self._accepted[0] <= now - HOUR:
                self._accepted.popleft()
            if self._is_busy() or (counts and self._is_spent(now)):
                return False
            if counts:
                self._accepted.append(now)
            self._in_flight += 1
            return True

    def leave(self) -> None:
        """Release the slot after the response, or when the connection is lost."""
        with self._lock:
            self._in_flight -= 1

    def _is_busy(self) -> bool:
        concurrent = self.limits.concurrent
        return concurrent is not None and self._in_flight >= concurrent

    def _is_spent(self, now: float) -> bool:
        return any(
            sum(moment > now - seconds for moment in self._accepted) >= most
            for seconds, most in self.limits.windows
        )


class RateLimited:
    """Responds with 429, without ``Retry-After`` unless ``retry_after`` gives the seconds.

    ``hourly_limit`` applies to exports and to queries. Follow-up pages of profiles count if
    ``pages_count``.
    """

    def __init__(
        self,
        app: ASGIApp,
        clock: Clock,
        retry_after: int | None = None,
        *,
        hourly_limit: int = 60,
        pages_count: bool = True,
    ) -> None:
        self.app = app
        self.export = Limiter(replace(EXPORT, per_hour=hourly_limit), clock)
        self.query = Limiter(replace(QUERY, per_hour=hourly_limit), clock)
        self.pages_count = pages_count
        self.lexicon = Limiter(LEXICON, clock)
        self.retry_after = retry_after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limiter = self._limiter(scope["path"])
        if limiter is None:
            await self.app(scope, receive, send)
            return
        if not limiter.enter(counts=self.pages_count or not _is_page(scope)):
            headers = {"RateLimit-Policy": limiter.policy}
            if self.retry_after:
                headers["Retry-After"] = str(self.retry_after)
            raise RefusedError(429, TOO_MANY, headers)
        try:
            await self.app(scope, receive, send)
        finally:
            limiter.leave()

    def _limiter(self, path: str) -> Limiter | None:
        if path == EXPORT_PATH:
            return self.export
        if _LEXICON_PATH.match(path):
            return self.lexicon
        return self.query if path.startswith("/api/query/") else None


def _is_page(scope: Scope) -> bool:
    """Return True if the request is for a further page of a session."""
    call: Call = scope["state"]["call"]
    return call.path == ENGAGE_PATH and bool(call.fields.get("session_id"))
