"""Reads response bodies and detects those that end early.

The HTTP library accepts several kinds of truncated bodies. Measured with httpx 0.28.1: it raises
nothing for a gzip stream truncated inside complete HTTP framing, nor for a body without a length
whose connection ends early.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import cast

import httpx

from mixpanel_data._internal.api.bounds import Bounds, exceeds_limit
from mixpanel_data._internal.api.deadlines import find_too_slow_error
from mixpanel_data._internal.api.error_chain import remove_quoted_bytes
from mixpanel_data._internal.api.gzip_body import BAD_GZIP, Inflater
from mixpanel_data._internal.text import format_size
from mixpanel_data.exceptions import IncompleteExportError

FIRST_BYTES = 65_536
"""Bytes of a body that an error may quote."""
_FIRST = "mixpanel_data.first_bytes"


@contextmanager
def translate_body_errors(
    from_date: date | None = None, to_date: date | None = None
) -> Iterator[None]:
    """Translate a network failure while a body is read into IncompleteExportError."""
    try:
        yield
    except httpx.TransportError as error:
        if slow := find_too_slow_error(error):
            raise IncompleteExportError(
                f"{slow} MP_LOWEST_RATE, MP_MAX_EXPORT_TIME and MP_MAX_ANSWER_TIME allow more.",
                reason="too slow",
                from_date=from_date,
                to_date=to_date,
            ) from error
        stalled = isinstance(error, httpx.ReadTimeout)
        raise IncompleteExportError(
            "No byte was received for longer than the time limit."
            if stalled
            else "The connection ended before the response did.",
            reason="stalled" if stalled else "connection lost",
            from_date=from_date,
            to_date=to_date,
        ) from remove_quoted_bytes(error)


def content_encoding(response: httpx.Response) -> str:
    """Return ``gzip`` or ``identity``.

    Raises IncompleteExportError for any other encoding, which we did not request.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding in ("gzip", "x-gzip"):
        return "gzip"
    if encoding != "identity":
        raise IncompleteExportError(
            "It has another encoding than gzip, which was requested.",
            reason="unknown encoding",
        )
    return encoding


def raw_chunks(response: httpx.Response) -> Callable[[], Iterator[bytes]]:
    """Return a function that yields the received bytes and keeps the first ones for errors.

    Call this before anything is read.
    """
    if response.is_stream_consumed:
        # Already in memory, as httpx.MockTransport returns it; iter_raw rejects such a response.
        source = cast(httpx.SyncByteStream, response.stream).__iter__
    else:
        source = response.iter_raw

    def chunks() -> Iterator[bytes]:
        first = response.extensions.setdefault(_FIRST, bytearray())
        for chunk in source():
            if len(first) < FIRST_BYTES:
                first.extend(chunk[: FIRST_BYTES - len(first)])
            yield chunk

    return chunks


def first_bytes(response: httpx.Response) -> bytes:
    """Return the first bytes of a body read by :func:`raw_chunks`, decoded as far as possible."""
    raw = bytes(response.extensions.get(_FIRST, b""))
    if response.headers.get("content-encoding", "").strip().lower() not in ("gzip", "x-gzip"):
        return raw
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, FIRST_BYTES)
    except zlib.error:
        return b""


def read_whole(response: httpx.Response, bounds: Bounds) -> bytes:
    """Return the decoded body; its compression must be complete to the last byte.

    Raises IncompleteExportError with the reason ``connection lost``, ``stalled``, ``cut gzip``,
    ``damaged gzip``, or one after which a retry can't succeed (``BEYOND``).
    """
    body = bytearray()
    received = 0
    inflater = Inflater() if content_encoding(response) == "gzip" else None
    with translate_body_errors():
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
        raise exceeds_limit(
            "too many values",
            f"It has about {values:,} JSON values, and {bounds.values:,} are allowed.",
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
        raise exceeds_limit(
            "answer too large",
            f"It is larger than {format_size(bounds.answer)}.",
            "MP_MAX_ANSWER_SIZE",
        )
