"""One request's way to Mixpanel, from the moment it may go: what the budget has to hear of it, and when."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, cast

import httpx
from filelock import FileLock

from mixpanel_data._internal.budget_record import Record
from mixpanel_data.exceptions import APIError


class Permit:
    """Leave for one request. The block it opens is for sending it: ``with permit: … return permit.hold(response)``.

    Its place is free again when the block ends with an error, else when the response is closed.
    """

    def __init__(self, record: Record | None = None, slot: FileLock | None = None) -> None:
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
        self._free()
        answered = isinstance(error, APIError) and error.status_code is not None
        if self._record and (self._left or answered):
            self._record.failed(error)
        elif self._record:
            self._record.withdraw()

    @property
    def extensions(self) -> dict[str, Any]:
        """For the httpx request, so that its sending is noticed."""
        return {"trace": self._trace} if self._record else {}

    def hold(self, response: httpx.Response) -> httpx.Response:
        """``response``, a 200, whose end will free the place."""
        if self._record:
            self._record.succeeded()
        if response.is_closed:
            self._free()
        else:
            stream = cast(httpx.SyncByteStream, response.stream)
            response.stream = _Followed(stream, self._free)
        return response

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            # A proxy is asked for a tunnel first; the request itself leaves later.
            self._tunnel = info["request"].method == b"CONNECT"
            self._left = self._left or not self._tunnel
        elif event.endswith(".send_request_body.complete") and self._record and not self._tunnel:
            self._record.sent()

    def _free(self) -> None:
        if self._slot:
            self._slot.release()


class _Followed(httpx.SyncByteStream):
    """A body whose closing is noticed."""

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
