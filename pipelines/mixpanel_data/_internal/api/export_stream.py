"""The response of one raw export, while it is received."""

from collections.abc import Iterator, Mapping
from datetime import date

import httpx

from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.exchange import About
from mixpanel_data._internal.api.response_bodies import (
    content_encoding,
    raw_chunks,
    translate_body_errors,
)
from mixpanel_data._internal.api.secret_bytes import SecretBytes
from mixpanel_data.exceptions import HTTPContext


class ExportStream:
    """The body of one export as received, to be read once.

    Reading it proves only that the HTTP framing is complete: the reader must check the end of the
    gzip stream and the last line.
    """

    def __init__(
        self,
        response: httpx.Response,
        requests: int,
        from_date: date,
        to_date: date,
        about: About,
        *,
        request: HTTPContext,
        secret: SecretBytes,
        bounds: Bounds,
    ) -> None:
        self.about = about
        """Returns the request and response for an error about this export."""
        self.request = request
        """The request, and the status of its response, without secrets."""
        self.secret = secret
        """Removes the account's secret from content that is kept."""
        self.bounds = bounds
        """The limits that the content must observe."""
        self._response = response
        self._days = (from_date, to_date)
        self._requests = requests
        self._chunks = raw_chunks(response)
        self._encoding = content_encoding(response)

    @property
    def content_encoding(self) -> str:
        """``gzip`` or ``identity``. Mixpanel compresses bodies above 1,400 bytes (its export
        OpenAPI file)."""
        return self._encoding

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response; names are case-insensitive."""
        return self._response.headers

    @property
    def requests(self) -> int:
        """The number of HTTP requests sent, including retries."""
        return self._requests

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the received bytes, still compressed, in chunks of any size; none if there are no
        events.

        Raises IncompleteExportError with the reason ``connection lost``, ``stalled`` or ``too
        slow``. It never retries, since the caller already has some bytes.
        """
        with translate_body_errors(*self._days):
            yield from self._chunks()
