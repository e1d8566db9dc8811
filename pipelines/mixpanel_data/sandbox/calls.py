"""The log of requests and responses, without credentials."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload
from urllib.parse import parse_qsl


@dataclass
class Call:
    """One request. ``params`` are from the URL, ``form`` from the body, form-encoded or JSON."""

    method: str
    path: str
    params: dict[str, str]
    form: dict[str, Any]
    accept_encoding: str
    started_at: float  # by the sandbox's clock, seconds
    status: int | None = None  # None until the answer begins, and for ever if none does
    bytes_sent: int = 0
    finished_at: float | None = None
    fault: str | None = None  # the kind of the fault that was played on it

    @property
    def fields(self) -> dict[str, Any]:
        """Return all parameters; those of the body override those of the URL."""
        return self.params | self.form


@dataclass
class CallLog(Sequence[Call]):
    """The requests so far, oldest first."""

    _calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, call: Call) -> None:
        """Append a request that has just started."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._calls.clear()

    def to(self, path: str) -> list[Call]:
        """Return the requests of one path, oldest first."""
        return [call for call in self if call.path == path]

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        return self._calls[index]


def read_query(query_string: bytes) -> dict[str, str]:
    """Parse URL or form fields; of repeated ones the last counts."""
    return dict(parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True))


def read_body(body: bytes, content_type: str) -> dict[str, Any]:
    """Parse a form or a JSON object; return nothing for any other body."""
    if content_type.startswith("application/json"):
        try:
            fields = json.loads(body)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(read_query(body))
    return {}
