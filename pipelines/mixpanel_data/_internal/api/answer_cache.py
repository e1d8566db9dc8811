"""A cache on disk for responses of the query API: a project may send only 60 queries an hour."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

KEPT_BYTES = 64 * 1024 * 1024
"""The size of all cached responses together; the oldest ones are removed first."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (question TEXT PRIMARY KEY, body BLOB NOT NULL, at REAL NOT NULL)"


class ResponseCache:
    """The responses of the last ``max_age`` seconds, in a file that all processes share.

    With ``fresh`` the cache returns none, and new responses replace stored ones. ``on_use`` is
    called with the age, in seconds, of each response that is returned. If the file can't be read or
    written, only the cache is lost.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_age: float,
        fresh: bool = False,
        on_use: Callable[[float], None] = lambda _age: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_age = max_age
        self._fresh = fresh
        self._on_use = on_use
        self._clock = clock

    def get(self, question: str) -> bytes | None:
        """Return the cached response to ``question``; None if there is none that is recent
        enough."""
        if self._fresh or self._max_age <= 0 or not self._path.is_file():
            return None
        found = None
        with suppress(sqlite3.Error, OSError), closing(self._open()) as file:
            found = file.execute(
                "SELECT body, at FROM answers WHERE question = ?", (question,)
            ).fetchone()
        if found is None or not 0 <= self._clock() - found[1] <= self._max_age:
            return None
        self._on_use(self._clock() - found[1])
        return bytes(found[0])

    def put(self, question: str, body: bytes) -> None:
        """Store a response, and remove those that are too old or exceed the size limit."""
        if self._max_age <= 0 or len(body) > KEPT_BYTES // 4:
            return
        with suppress(sqlite3.Error, OSError), closing(self._open()) as file, file:
            now = self._clock()
            file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (question, body, now))
            file.execute("DELETE FROM answers WHERE at < ? OR at > ?", (now - self._max_age, now))
            file.execute(
                "DELETE FROM answers WHERE question IN (SELECT question FROM (SELECT question,"
                " sum(length(body)) OVER (ORDER BY at DESC, question) AS bytes FROM answers)"
                " WHERE bytes > ?)",
                (KEPT_BYTES,),
            )

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Responses are personal data: the file is private from its first byte.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        file = sqlite3.connect(self._path, timeout=5.0)
        try:
            file.execute(_SCHEMA)
        except sqlite3.DatabaseError as error:
            file.close()
            if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
                self._path.unlink()
            raise
        return file
