"""What was asked, and how the answer begins, in every error that is made of an answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import httpx

from mixpanel_data._internal.api.errors import request_context, shown_body
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._json_safe import json_safe
from mixpanel_data.exceptions import (
    APIError,
    HTTPContext,
    IncompleteExportError,
    MixpanelDataError,
)

About = Callable[[], HTTPContext]
"""What was asked and answered, worked out only when there is an error: it takes a search for
secrets."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, of which ``beginning`` gives the first bytes, decoded."""

    response: httpx.Response
    redactor: Redactor = field(repr=False)
    beginning: Callable[[], bytes]

    def about(self) -> HTTPContext:
        """Both for an error, without secrets."""
        context = request_context(self.response.request, self.redactor)
        context["status_code"] = self.response.status_code
        context["response_body"] = shown_body(self.beginning(), self.redactor)
        return context


@contextmanager
def told_of(about: About) -> Iterator[None]:
    """Complete the errors of the block that don't say what was asked: their messages and details
    stay."""
    try:
        yield
    except (APIError, IncompleteExportError) as error:
        if error.request_url is None:
            error.details.update(json_safe(about()))
        raise


def same_request(error: MixpanelDataError) -> HTTPContext:
    """What ``error`` says of its request and answer, for another error about the same."""
    known = {key: error.details.get(key) for key in HTTPContext.__annotations__}
    return cast(HTTPContext, known)
