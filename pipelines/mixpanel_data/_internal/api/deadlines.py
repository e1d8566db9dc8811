"""How long a server may take, however it spends the time.

A time-out of the HTTP library is the longest silence: a server that sends a byte a minute, or one
informational answer after the other, never reaches it. Here the waits of a request are added up.
Only waits count: whoever reads a body slowly does not use up the server's time.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from mixpanel_data._internal.api.bounds import SPAN_SECONDS
from mixpanel_data._internal.api.error_chain import chain

_MOST_HEADERS = 1_000_000  # bytes; the library takes 100 KiB of one answer


class TooSlowError(httpcore.ReadTimeout):
    """The server takes longer than it may."""


@dataclass
class Deadline:
    """The waits of one request, in seconds: ``begin`` to the end of the answer's headers, ``total``
    to its end."""

    begin: float
    total: float
    lowest_rate: int
    clock: Callable[[], float] = time.monotonic
    _waited: float = 0.0
    _answered: bool = False
    _span: float = 0.0
    _bytes: int = 0

    def answered(self) -> None:
        """The headers are here; from now on the rate counts, too."""
        self._answered = True
        self._bytes = 0

    def left(self) -> float:
        """Seconds that may still be waited. Raises TooSlowError when there are none."""
        if self._waited < self._limit:
            return self._limit - self._waited
        raise self.over()

    def over(self) -> TooSlowError:
        """The error for a wait that reached its limit."""
        what = "The answer was not complete" if self._answered else "No answer began"
        return TooSlowError(f"{what} after waiting {self._limit:g} seconds for it.")

    @property
    def _limit(self) -> float:
        return self.total if self._answered else min(self.begin, self.total)

    def waited(self, seconds: float, received: int) -> None:
        """Count a wait. Raises TooSlowError when headers never end, or the body comes slower than
        it may."""
        self._waited += seconds
        self._bytes += received
        if not self._answered:
            # Informational answers one after the other, sent too fast to be waited for.
            if self._bytes > _MOST_HEADERS:
                raise TooSlowError(f"No answer began within {_MOST_HEADERS:,} bytes.")
            return
        self._span += seconds
        if self._span < SPAN_SECONDS:
            return
        if self._bytes < self.lowest_rate * self._span:
            raise TooSlowError(
                f"{self._bytes:,} bytes came in {self._span:.0f} seconds of waiting, "
                f"fewer than {self.lowest_rate:,} a second."
            )
        self._span, self._bytes = 0.0, 0


current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""Of the request that this thread sends."""


class _Stream(httpcore.NetworkStream):
    """A connection whose reads count. A request's first write says whose they are."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._deadline: Deadline | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = self._deadline
        if deadline is None:
            return self._stream.read(max_bytes, timeout)
        left = deadline.left()
        started = deadline.clock()
        data = b""
        try:
            data = self._stream.read(max_bytes, left if timeout is None else min(timeout, left))
        except httpcore.ReadTimeout:
            if timeout is None or left <= timeout:
                raise deadline.over() from None
            raise
        finally:
            deadline.waited(deadline.clock() - started, len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline = current.get()
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def with_deadlines(client: httpx.Client) -> httpx.Client:
    """``client``, whose connections, proxied ones too, end at the deadline of their request."""
    for transport in (client._transport, *client._mounts.values()):
        # Of httpx's own transports; others, such as those of tests, have no connections.
        pool = getattr(transport, "_pool", None)
        if isinstance(pool, httpcore.ConnectionPool):
            pool._network_backend = _Backend(pool._network_backend)
    return client


def too_slow(error: BaseException) -> TooSlowError | None:
    """The deadline that ``error`` comes from, if it comes from one."""
    return next((link for link in chain(error) if isinstance(link, TooSlowError)), None)
