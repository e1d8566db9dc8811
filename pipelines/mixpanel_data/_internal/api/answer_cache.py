"""Answers of the query API, kept on disk for a while: a project may ask only 60 questions an hour."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

KEPT_BYTES = 64 * 1024 * 1024
"""All answers together; the oldest ones go first."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (question TEXT PRIMARY KEY, body BLOB NOT NULL, at REAL NOT NULL)"


class KeptAnswers:
    """The answers of the last ``max_age`` seconds in the file at ``path``, shared by all processes.

    With ``fresh`` none is given, and new ones replace those that are there. ``on_use`` is called
    with the age, in seconds, of each answer that is given. A file that can't be read or written
    costs nothing but the answers in it.
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
        """The answer to ``question``; None when there is none that is young enough."""
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
        """Keep an answer; those that are too old, or too much, are dropped."""
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
        # Answers are somebody's data: the file is its owner's alone from its first byte on.
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
