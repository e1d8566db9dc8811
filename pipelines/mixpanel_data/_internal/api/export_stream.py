"""A raw export on its way."""

from collections.abc import Iterator, Mapping
from datetime import date

import httpx

from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.api.exchange import About
from mixpanel_data._internal.api.response_bodies import broken_body, content_encoding, raw_chunks
from mixpanel_data._internal.api.secret_bytes import SecretBytes


class ExportStream:
    """The body of one export, read once, as it came over the wire.

    It proves nothing about completeness beyond the HTTP framing: whoever reads it checks the end of
    the gzip stream and the last line.
    """

    def __init__(
        self,
        response: httpx.Response,
        requests: int,
        from_date: date,
        to_date: date,
        about: About,
        *,
        secret: SecretBytes,
        bounds: Bounds,
    ) -> None:
        self.about = about
        """What an error about this export says of it."""
        self.secret = secret
        """What finds the account's secret in the content, for whoever keeps it."""
        self.bounds = bounds
        """What the content is to be held against."""
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
        """The answer's headers; names in any case."""
        return self._response.headers

    @property
    def requests(self) -> int:
        """How many HTTP requests it took, retries included."""
        return self._requests

    def iter_raw(self) -> Iterator[bytes]:
        """The bytes of the wire, still compressed; chunks end anywhere. Nothing at all when there
        are no events.

        Raises IncompleteExportError with the reason ``connection broken``, ``stalled`` or ``too
        slow``; never tries again, since bytes were handed on.
        """
        with broken_body(*self._days):
            yield from self._chunks()
