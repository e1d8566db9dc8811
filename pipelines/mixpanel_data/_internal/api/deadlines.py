"""Limits the total time that a server may take for a response.

A timeout of the HTTP library limits each silence: a server that sends a byte a minute, or one
informational response after another, never reaches it. This module adds up the waits of a request.
Only waits count, so a caller that reads a body slowly does not use up the server's time.
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
from mixpanel_data._internal.api.error_chain import error_chain

_MOST_HEADERS = 1_000_000  # bytes; httpcore limits those of one response to 100 KiB


class TooSlowError(httpcore.ReadTimeout):
    """The server takes longer than a limit allows."""


@dataclass
class Deadline:
    """The limits on the waits of one request, in seconds.

    ``begin`` ends with the headers of the response, ``total`` with its body.
    """

    begin: float
    total: float
    lowest_rate: int
    clock: Callable[[], float] = time.monotonic
    _waited: float = 0.0
    _answered: bool = False
    _span: float = 0.0
    _bytes: int = 0

    def mark_answered(self) -> None:
        """Record that the headers have arrived; from now on the rate counts, too."""
        self._answered = True
        self._bytes = 0

    def remaining_seconds(self) -> float:
        """Return the seconds that may still be waited. Raise TooSlowError if there are none."""
        if self._waited < self._limit:
            return self._limit - self._waited
        raise self.limit_error()

    def limit_error(self) -> TooSlowError:
        """Return the error for a wait that reached its limit."""
        what = "The response was not complete" if self._answered else "No response began"
        return TooSlowError(f"{what} after waiting {self._limit:g} seconds for it.")

    @property
    def _limit(self) -> float:
        return self.total if self._answered else min(self.begin, self.total)

    def count_wait(self, seconds: float, received: int) -> None:
        """Count a wait.

        Raises:
            TooSlowError: if the headers never end, or the body arrives more slowly than allowed.
        """
        self._waited += seconds
        self._bytes += received
        if not self._answered:
            # Informational responses, one after another, that arrive too fast to be waited for.
            if self._bytes > _MOST_HEADERS:
                raise TooSlowError(f"No response began within {_MOST_HEADERS:,} bytes.")
            return
        self._span += seconds
        if self._span < SPAN_SECONDS:
            return
        if self._bytes < self.lowest_rate * self._span:
            raise TooSlowError(
                f"{self._bytes:,} bytes arrived in {self._span:.0f} seconds of waiting, "
                f"fewer than {self.lowest_rate:,} a second."
            )
        self._span, self._bytes = 0.0, 0


current_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""The deadline of the request that this thread sends."""


class _Stream(httpcore.NetworkStream):
    """A connection that counts the waits of its reads for the request that wrote last."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._deadline: Deadline | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = self._deadline
        if deadline is None:
            return self._stream.read(max_bytes, timeout)
        left = deadline.remaining_seconds()
        started = deadline.clock()
        data = b""
        try:
            data = self._stream.read(max_bytes, left if timeout is None else min(timeout, left))
        except httpcore.ReadTimeout:
            if timeout is None or left <= timeout:
                raise deadline.limit_error() from None
            raise
        finally:
            deadline.count_wait(deadline.clock() - started, len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline = current_deadline.get()
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
    """Make the connections of ``client``, including proxied ones, observe the current deadline."""
    for transport in (client._transport, *client._mounts.values()):
        # httpx's own transports have a pool; others, such as those of tests, have no connections.
        pool = getattr(transport, "_pool", None)
        if isinstance(pool, httpcore.ConnectionPool):
            pool._network_backend = _Backend(pool._network_backend)
    return client


def find_too_slow_error(error: BaseException) -> TooSlowError | None:
    """Return the TooSlowError that caused ``error``, if one did."""
    return next((link for link in error_chain(error) if isinstance(link, TooSlowError)), None)
