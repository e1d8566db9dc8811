"""Engage's cached results, from which pages are taken."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import count

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.records import Profile

UNCACHED = "request for page in uncached query for params"
_MOST_SESSIONS = 1_000


@dataclass(frozen=True)
class Session:
    """A cached result: its query, and a snapshot of the profiles."""

    query: str
    profiles: list[Profile]
    page_size: int


class Sessions:
    """The cached results; the oldest is removed if there are too many."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._numbers = count(1_600_000_001)
        self._lock = threading.Lock()

    def begin(self, session: Session) -> str:
        """Cache a result and return its id."""
        with self._lock:
            session_id = f"{next(self._numbers)}-SANDBX"
            self._open[session_id] = session
            if len(self._open) > _MOST_SESSIONS:
                self._open.popitem(last=False)
            return session_id

    def find(self, session_id: str, query: str) -> Session:
        """Return the cached result of exactly this query; 400 if it no longer exists."""
        session = self._open.get(session_id)
        if session is None or session.query != query:
            raise RefusedError(400, UNCACHED)
        return session

    def expire(self) -> None:
        """Remove all results, as Mixpanel does after an undocumented time."""
        with self._lock:
            self._open.clear()
