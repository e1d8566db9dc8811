"""One request's way to Mixpanel, from the moment it may go: what the budget has to hear of it, and
when."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import httpx
from filelock import FileLock

from mixpanel_data._internal.rate_limit.backoff import note_refusal
from mixpanel_data._internal.rate_limit.bucket import Bucket
from mixpanel_data._internal.rate_limit.request_log import ON_THE_WIRE, Books
from mixpanel_data._internal.rate_limit.store import BudgetFile
from mixpanel_data._internal.rate_limit.waiting import Patience
from mixpanel_data.exceptions import APIError, MixpanelDataError, RateLimitError


class Record:
    """The account of request ``number``, let go at ``granted``."""

    def __init__(
        self, file: BudgetFile, bucket: Bucket, number: int, granted: float, patience: Patience
    ) -> None:
        self._file = file
        self._bucket = bucket
        self._number = number
        self._granted = granted
        self._patience = patience

    def sent(self) -> None:
        """The request has left."""
        self._note(lambda books: books.reached(self._number, ON_THE_WIRE))

    def withdraw(self) -> None:
        """The request never left this machine, so it costs nothing."""
        self._note(lambda books: books.withdraw(self._number))

    def succeeded(self) -> None:
        """Mixpanel answered it with 200."""

        def note(books: Books) -> None:
            books.reached(self._number)
            books.succeed(self._bucket.name, self._granted)

        self._note(note)
        self._patience.renew(self._bucket.name)

    def failed(self, error: BaseException) -> None:
        """It was refused, or came to nothing."""

        def note(books: Books) -> None:
            books.reached(self._number)
            if isinstance(error, RateLimitError):
                note_refusal(books, self._bucket.name, self._granted, error)
                self._bucket.refused(books)

        self._note(note)
        if isinstance(error, RateLimitError):
            self._patience.use(self._bucket.name, self._granted)

    def _note(self, note: Callable[[Books], None]) -> None:
        # An answer is not lost because the disk is full: what is not noted counts for longer.
        with suppress(MixpanelDataError):
            self._file.run(note)


class Permit:
    """Leave for one request. The block it opens is for sending it: ``with permit: … return
    permit.hold(response)``.

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
