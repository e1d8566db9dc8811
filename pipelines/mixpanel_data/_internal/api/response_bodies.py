"""Answers that may break off. An HTTP library takes several kinds of cut body for a whole one; we
do not.

Measured with httpx 0.28.1: a gzip stream cut inside complete HTTP framing raises nothing, nor does
a body without a length whose connection ends early.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast

import httpx

from mixpanel_data._internal.api.bounds import Bounds, beyond
from mixpanel_data._internal.api.deadlines import too_slow
from mixpanel_data._internal.api.error_chain import without_quotes
from mixpanel_data._internal.api.gzip_body import BAD_GZIP, Inflater
from mixpanel_data._internal.text import size
from mixpanel_data.exceptions import IncompleteExportError

BEGINNING = 65_536
"""Bytes of a body that an error may quote from."""
_FIRST = "mixpanel_data.first_bytes"


@contextmanager
def broken_body(from_date: date | None = None, to_date: date | None = None) -> Iterator[None]:
    """Names a network failure inside the block, where a body is read, as IncompleteExportError."""
    try:
        yield
    except httpx.TransportError as error:
        if slow := too_slow(error):
            raise IncompleteExportError(
                f"{slow} MP_LOWEST_RATE, MP_MAX_EXPORT_TIME and MP_MAX_ANSWER_TIME allow more.",
                reason="too slow",
                from_date=from_date,
                to_date=to_date,
            ) from error
        stalled = isinstance(error, httpx.ReadTimeout)
        raise IncompleteExportError(
            "No byte came for longer than the time limit."
            if stalled
            else "The connection ended before the answer did.",
            reason="stalled" if stalled else "connection broken",
            from_date=from_date,
            to_date=to_date,
        ) from without_quotes(error)


def content_encoding(response: httpx.Response) -> str:
    """``gzip`` or ``identity``. Raises IncompleteExportError for any other, which we did not ask
    for."""
    encoding = response.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding in ("gzip", "x-gzip"):
        return "gzip"
    if encoding != "identity":
        raise IncompleteExportError(
            "It is encoded in another way than gzip, which was asked for.",
            reason="unknown encoding",
        )
    return encoding


def raw_chunks(response: httpx.Response) -> Callable[[], Iterator[bytes]]:
    """What gives the bytes of the wire, and keeps the first ones. To be taken before anything is
    read."""
    if response.is_stream_consumed:
        # In memory from the start, as httpx.MockTransport hands it over; iter_raw refuses such a
        # one.
        source = cast(httpx.SyncByteStream, response.stream).__iter__
    else:
        source = response.iter_raw

    def chunks() -> Iterator[bytes]:
        first = response.extensions.setdefault(_FIRST, bytearray())
        for chunk in source():
            if len(first) < BEGINNING:
                first.extend(chunk[: BEGINNING - len(first)])
            yield chunk

    return chunks


def beginning(response: httpx.Response) -> bytes:
    """The first bytes of a body that :func:`raw_chunks` read, decoded as far as that is possible."""
    raw = bytes(response.extensions.get(_FIRST, b""))
    if response.headers.get("content-encoding", "").strip().lower() not in ("gzip", "x-gzip"):
        return raw
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, BEGINNING)
    except zlib.error:
        return b""


def read_whole(response: httpx.Response, bounds: Bounds) -> bytes:
    """The decoded body, proven to the last byte of its compression.

    Raises IncompleteExportError with the reason ``connection broken``, ``stalled``, ``cut gzip``,
    ``damaged gzip``, or one of those that another try can't cure (``BEYOND``).
    """
    body = bytearray()
    received = 0
    inflater = Inflater() if content_encoding(response) == "gzip" else None
    with broken_body():
        for chunk in raw_chunks(response)():
            received += len(chunk)
            for data in _content(inflater, chunk):
                body += data
                _require_small(max(received, len(body)), bounds)
            _require_small(received, bounds)
    if inflater and not inflater.is_whole:
        raise IncompleteExportError(reason="cut gzip")
    values = sum(map(body.count, (b",", b"[", b"{")))
    if values > bounds.values:
        raise beyond(
            "too many values",
            f"It holds about {values:,} JSON values, and {bounds.values:,} are allowed.",
            "MP_MAX_ANSWER_VALUES",
        )
    return bytes(body)


def _content(inflater: Inflater | None, chunk: bytes) -> Iterator[bytes]:
    if inflater is None:
        yield chunk
        return
    try:
        yield from inflater.feed(chunk)
    except BAD_GZIP:
        raise IncompleteExportError(reason="damaged gzip") from None


def _require_small(found: int, bounds: Bounds) -> None:
    if found > bounds.answer:
        raise beyond(
            "answer too large",
            f"It is larger than {size(bounds.answer)}.",
            "MP_MAX_ANSWER_SIZE",
        )
