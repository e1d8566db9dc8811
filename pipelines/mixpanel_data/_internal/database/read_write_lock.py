"""A lock for many readers or one writer."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class ReadWriteLock:
    """Threads share the lock for reading; one at a time has it for writing."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers: Counter[int] = Counter()  # by thread
        self._waiting_writers = 0
        self._is_writing = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock together with other readers.

        A waiting writer goes first, except before a thread that holds the lock already, which the
        writer waits for.
        """
        thread = threading.get_ident()  # another one may end the block, if a generator holds it
        with self._condition:
            self._condition.wait_for(
                lambda: self._readers[thread] or not (self._is_writing or self._waiting_writers)
            )
            self._readers[thread] += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers[thread] -= 1
                self._readers += Counter()  # without zeros
                self._condition.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock alone. A thread that holds it for reading would wait for itself."""
        with self._condition:
            self._waiting_writers += 1
            self._condition.wait_for(lambda: not self._is_writing and not self._readers)
            self._waiting_writers -= 1
            self._is_writing = True
        try:
            yield
        finally:
            with self._condition:
                self._is_writing = False
                self._condition.notify_all()

    def is_read_by_this_thread(self) -> bool:
        """Return True if the calling thread holds the lock for reading."""
        with self._condition:
            return self._readers[threading.get_ident()] > 0
