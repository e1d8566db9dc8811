"""/api/query/…: the reports, one module a family; engage is in a module beside this package.

A report is a function of the project and the parameters, registered in ``REPORTS``. The numbers
follow Mixpanel's documented definitions (docs/definitions.md); where there are none, the docstring
of the report describes them.
"""

from starlette.routing import BaseRoute, Route

from mixpanel_data.sandbox.engage import engage
from mixpanel_data.sandbox.query.activity import activity
from mixpanel_data.sandbox.query.answers import Compute, endpoint
from mixpanel_data.sandbox.query.cohorts import list_cohorts
from mixpanel_data.sandbox.query.events import events, names, top_events
from mixpanel_data.sandbox.query.frequency import frequency
from mixpanel_data.sandbox.query.funnels import funnels, list_funnels
from mixpanel_data.sandbox.query.insights import insights
from mixpanel_data.sandbox.query.jql import jql
from mixpanel_data.sandbox.query.numeric import average, numeric, total
from mixpanel_data.sandbox.query.properties import property_counts, top_properties, top_values
from mixpanel_data.sandbox.query.retention import retention
from mixpanel_data.sandbox.query.segmentation import segmentation

REPORTS: dict[str, tuple[str, Compute]] = {
    "/cohorts/list": ("POST", list_cohorts),
    "/events": ("GET", events),
    "/events/names": ("GET", names),
    "/events/properties": ("GET", property_counts),
    "/events/properties/top": ("GET", top_properties),
    "/events/properties/values": ("GET", top_values),
    "/events/top": ("GET", top_events),
    "/funnels": ("GET", funnels),
    "/funnels/list": ("GET", list_funnels),
    "/insights": ("GET", insights),
    "/jql": ("POST", jql),
    "/retention": ("GET", retention),
    "/retention/addiction": ("GET", frequency),
    "/segmentation": ("GET", segmentation),
    "/segmentation/average": ("GET", average),
    "/segmentation/numeric": ("GET", numeric),
    "/segmentation/sum": ("GET", total),
    "/stream/query": ("GET", activity),
}

ROUTES: list[BaseRoute] = [
    Route("/engage", engage, methods=["GET", "POST"]),
    *(
        Route(path, endpoint(compute), methods=[method])
        for path, (method, compute) in REPORTS.items()
    ),
]
