"""Answers kept for a session, because a project may ask only 60 questions an hour."""

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
    """Loads each value once, however many threads want it; different values are loaded at the same
    time."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], T], *, refresh: bool = False) -> T:
        """The value of ``key``, from ``load`` when there is none yet or with ``refresh``; what
        ``load`` raises is not kept."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if refresh or entry.value is _NOTHING:
                entry.value = load()
            return cast(T, entry.value)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
