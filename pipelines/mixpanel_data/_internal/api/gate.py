"""The protocol by which the client gets permission to send a request.

The rate limiter implements it. Without a gate, every request is sent.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import httpx


class Permit(AbstractContextManager[Any, None], Protocol):
    """Permission for one request, as a context manager around sending it.

    Use it as ``with permit: … return permit.hold(response)``.
    """

    @property
    def extensions(self) -> dict[str, Any]:
        """Extensions for the httpx request, which report when it is sent."""
        ...

    def hold(self, response: httpx.Response) -> httpx.Response:
        """Return ``response``, a 200, whose end will release the permit's slot."""
        ...


Gate = Callable[[str], Permit | None]
"""Called before every HTTP request, including retries, with its API family or ``pages``.

It may wait, or raise to stop the call. The permit that it returns learns the result of the request;
None sends the request uncounted.
"""


class UncountedPermit(nullcontext[None]):
    """Permission for a request that is not counted."""

    extensions: dict[str, Any] = {}  # noqa: RUF012  (httpx reads it only)

    def hold(self, response: httpx.Response) -> httpx.Response:
        """Return ``response`` unchanged."""
        return response
