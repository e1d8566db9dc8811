"""What the client asks before each request. A request budget implements it; without one every
request may go."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import httpx


class Permit(AbstractContextManager[Any, None], Protocol):
    """Leave for one request. The block it opens is for sending it: ``with permit: … return
    permit.hold(response)``."""

    @property
    def extensions(self) -> dict[str, Any]:
        """For the httpx request, so that its sending is noticed."""
        ...

    def hold(self, response: httpx.Response) -> httpx.Response:
        """``response``, a 200, whose end will free the permit's place."""
        ...


Gate = Callable[[str], Permit | None]
"""Called before every HTTP request, retries included, with its API family or ``pages``; may wait,
or raise to stop the call.

A permit it gives is told what becomes of the request; None lets the request go uncounted.
"""


class Uncounted(nullcontext[None]):
    """Leave for a request that nobody counts."""

    extensions: dict[str, Any] = {}  # noqa: RUF012  (httpx reads it only)

    def hold(self, response: httpx.Response) -> httpx.Response:
        """``response`` as it is."""
        return response
