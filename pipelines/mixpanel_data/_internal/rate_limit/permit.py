"""One permitted request, and what the log must record of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import httpx
from filelock import FileLock

from mixpanel_data._internal.rate_limit.backoff import apply_429
from mixpanel_data._internal.rate_limit.bucket import Bucket
from mixpanel_data._internal.rate_limit.request_log import NETWORK_DELAY_SECONDS, RequestLog
from mixpanel_data._internal.rate_limit.store import RequestLogFile
from mixpanel_data._internal.rate_limit.waiting import WaitLimit
from mixpanel_data.exceptions import APIError, MixpanelDataError, RateLimitError


class RequestRecord:
    """The log entry of request ``number``, which was permitted at ``granted``."""

    def __init__(
        self,
        file: RequestLogFile,
        bucket: Bucket,
        number: int,
        granted: float,
        wait_limit: WaitLimit,
    ) -> None:
        self._file = file
        self._bucket = bucket
        self._number = number
        self._granted = granted
        self._wait_limit = wait_limit

    def mark_sent(self) -> None:
        """Record that the request was sent."""
        self._update_log(lambda log: log.mark_received(self._number, NETWORK_DELAY_SECONDS))

    def withdraw(self) -> None:
        """Delete the entry of a request that never left this machine, so that it does not count."""
        self._update_log(lambda log: log.withdraw(self._number))

    def mark_succeeded(self) -> None:
        """Record that Mixpanel answered with 200."""

        def update(log: RequestLog) -> None:
            log.mark_received(self._number)
            log.clear_429s(self._bucket.name, self._granted)

        self._update_log(update)
        self._wait_limit.reset(self._bucket.name)

    def mark_failed(self, error: BaseException) -> None:
        """Record that the request was rejected or failed."""

        def update(log: RequestLog) -> None:
            log.mark_received(self._number)
            if isinstance(error, RateLimitError):
                apply_429(log, self._bucket.name, self._granted, error)
                self._bucket.record_429(log)

        self._update_log(update)
        if isinstance(error, RateLimitError):
            self._wait_limit.start(self._bucket.name, self._granted)

    def _update_log(self, update: Callable[[RequestLog], None]) -> None:
        # A response is not lost because the disk is full: without the entry the request counts for
        # longer.
        with suppress(MixpanelDataError):
            self._file.transact(update)


class CountedPermit:
    """Permission for one request, as a context manager around sending it.

    Use it as ``with permit: … return permit.hold(response)``. Its slot is released when the block
    ends with an error, otherwise when the response is closed.
    """

    def __init__(self, record: RequestRecord | None = None, slot: FileLock | None = None) -> None:
        self._record = record
        self._slot = slot
        self._tunnel = False
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            return
        self._release()
        answered = isinstance(error, APIError) and error.status_code is not None
        if self._record and (self._left or answered):
            self._record.mark_failed(error)
        elif self._record:
            # Nothing was sent, so Mixpanel can't have counted it.
            self._record.withdraw()

    @property
    def extensions(self) -> dict[str, Any]:
        """Extensions for the httpx request, which report when it is sent."""
        return {"trace": self._trace} if self._record else {}

    def hold(self, response: httpx.Response) -> httpx.Response:
        """Return ``response``, a 200, whose end will release the slot."""
        if self._record:
            self._record.mark_succeeded()
        if response.is_closed:
            self._release()
        else:
            stream = cast(httpx.SyncByteStream, response.stream)
            response.stream = _ObservedStream(stream, self._release)
        return response

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            # With a proxy, a CONNECT request for the tunnel is first; the request itself is sent
            # later.
            self._tunnel = info["request"].method == b"CONNECT"
            self._left = self._left or not self._tunnel
        elif event.endswith(".send_request_body.complete") and self._record and not self._tunnel:
            self._record.mark_sent()

    def _release(self) -> None:
        if self._slot:
            self._slot.release()


class _ObservedStream(httpx.SyncByteStream):
    """A body that reports when it is closed."""

    def __init__(self, stream: httpx.SyncByteStream, closed: Callable[[], None]) -> None:
        self._stream = stream
        self._closed = closed

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._closed()
