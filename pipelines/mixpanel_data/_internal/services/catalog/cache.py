"""A cache for a session, since a project may send only 60 queries an hour."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")
_NOTHING = object()


@dataclass
class _Entry:
    value: Any = _NOTHING
    lock: Lock = field(default_factory=Lock)


class SessionCache:
    """Loads each value once for all threads; different values are loaded concurrently."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], T], *, refresh: bool = False) -> T:
        """Return the value of ``key``, calling ``load`` if there is none or with ``refresh``.

        Errors of ``load`` are not cached.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if refresh or entry.value is _NOTHING:
                entry.value = load()
            return cast(T, entry.value)

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._entries.clear()
