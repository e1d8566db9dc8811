"""Converts a function of the project and the parameters to a route."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.params import Fields
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.records import encode_json

Answer = dict[str, Any] | list[Any] | Response
Compute = Callable[[Project, Fields], Answer]


def endpoint(compute: Compute) -> Callable[[Request], Response]:
    """Return a route that responds with the result of ``compute``, as JSON unless it is a response.

    It runs in a thread.
    """

    def answer(request: Request) -> Response:
        call: Call = request.scope["state"]["call"]
        body = compute(request.app.state.project, call.fields)
        if isinstance(body, Response):
            return body
        return Response(encode_json(body), media_type="application/json")

    return answer
