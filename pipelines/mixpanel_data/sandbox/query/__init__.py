"""/api/query/…: the reports, one module each; engage has its own module beside this package.

A report joins by adding its route to ``ROUTES``. What is documented but not served yet answers 501, what Mixpanel has not
either 404, both as the JSON errors of the family.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mixpanel_data.sandbox.engage import engage
from mixpanel_data.sandbox.errors import RefusedError

_NOT_SERVED = {
    "/insights": "GET",
    "/funnels": "GET",
    "/funnels/list": "GET",
    "/retention": "GET",
    "/retention/addiction": "GET",
    "/segmentation": "GET",
    "/segmentation/numeric": "GET",
    "/segmentation/sum": "GET",
    "/segmentation/average": "GET",
    "/stream/query": "GET",
    "/cohorts/list": "POST",
    "/events": "GET",
    "/events/top": "GET",
    "/events/names": "GET",
    "/events/properties": "GET",
    "/events/properties/top": "GET",
    "/events/properties/values": "GET",
    "/jql": "POST",
}


def _not_served(request: Request) -> Response:
    raise RefusedError(501, f"The sandbox does not serve {request.url.path}")


ROUTES: list[BaseRoute] = [
    Route("/engage", engage, methods=["GET", "POST"]),
    *(Route(path, _not_served, methods=[method]) for path, method in _NOT_SERVED.items()),
]
