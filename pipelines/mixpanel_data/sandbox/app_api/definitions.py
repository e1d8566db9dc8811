"""GET …/data-definitions/properties/: what the Lexicon has about properties.

Not in Mixpanel's OpenAPI files (docs/mixpanel-facts.md, section 8).
"""

from typing import Any

from starlette.requests import Request

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.app_api.projects import listing
from mixpanel_data.sandbox.project import Project

RESOURCE_TYPES = ("Event", "User")


def property_definitions(project: Project, request: Request) -> dict[str, Any]:
    """Return the properties of events or users, those that only the Lexicon has included."""
    kind = params.choice(request.query_params, "resourceType", RESOURCE_TYPES, default="Event")
    dataset = project.dataset
    classified = dataset.saved.classified.get(kind, set())
    if kind == "Event":
        known = {name for event in dataset.events() for name in event.properties}
    else:
        known = {name for profile in dataset.profiles() for name in profile.properties or ()}
    return listing(
        [
            {
                "name": name,
                "resourceType": kind,
                "hidden": False,
                "dropped": False,
                "merged": False,
                "sensitive": name in classified,
            }
            for name in sorted(known | classified)
        ]
    )
