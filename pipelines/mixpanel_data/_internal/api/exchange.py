"""Adds the request and the beginning of the response to errors about a response."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import httpx

from mixpanel_data._internal.api.errors import redacted_body, request_context
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._json_safe import json_safe
from mixpanel_data.exceptions import (
    APIError,
    HTTPContext,
    IncompleteExportError,
    MixpanelDataError,
)

About = Callable[[], HTTPContext]
"""Returns request and response for an error. Called only for errors: it searches for secrets."""


@dataclass(frozen=True)
class Exchange:
    """A request and its response; ``first_bytes`` returns the first bytes of the body, decoded."""

    response: httpx.Response
    redactor: Redactor = field(repr=False)
    first_bytes: Callable[[], bytes]

    def about(self) -> HTTPContext:
        """Return request and response for an error, without secrets."""
        context = request_context(self.response.request, self.redactor)
        context["status_code"] = self.response.status_code
        context["response_body"] = redacted_body(self.first_bytes(), self.redactor)
        return context


@contextmanager
def add_request_context(about: About) -> Iterator[None]:
    """Add the request and response to errors of the block that lack them; keep their messages."""
    try:
        yield
    except (APIError, IncompleteExportError) as error:
        if error.request_url is None:
            error.details.update(json_safe(about()))
        raise


def request_of(context: HTTPContext) -> HTTPContext:
    """Return the request in ``context`` and the status of its response, without the body."""
    known = {key: value for key, value in context.items() if key != "response_body"}
    return cast(HTTPContext, known)


def request_context_of(error: MixpanelDataError) -> HTTPContext:
    """Return the request and response of ``error``, for another error about the same response."""
    known = {key: error.details.get(key) for key in HTTPContext.__annotations__}
    return cast(HTTPContext, known)
