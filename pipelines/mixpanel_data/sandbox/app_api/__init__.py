"""/api/app/…: the owner of the credentials, and saved objects of the project.

Not part of the query family, so it does not count against its 60 requests an hour.
"""

from starlette.routing import BaseRoute, Route

from mixpanel_data.sandbox.app_api.annotations import annotation, annotations, tags
from mixpanel_data.sandbox.app_api.bookmarks import bookmarks
from mixpanel_data.sandbox.app_api.definitions import property_definitions
from mixpanel_data.sandbox.app_api.me import me
from mixpanel_data.sandbox.app_api.projects import endpoint
from mixpanel_data.sandbox.app_api.schemas import schema, schemas, schemas_of_type

_PROJECT = "/projects/{project_id}"
_OF_PROJECT = {
    "/bookmarks": endpoint(bookmarks, "v", "type"),
    "/data-definitions/properties": endpoint(property_definitions, "resourceType"),
    "/data-definitions/properties/": endpoint(property_definitions, "resourceType"),
    "/schemas": endpoint(schemas),
    "/schemas/{entity_type}": endpoint(schemas_of_type, "entity_name"),
    "/schemas/{entity_type}/{name:path}": endpoint(schema),  # names may hold a slash
    "/annotations": endpoint(annotations, "fromDate", "toDate"),
    "/annotations/tags": endpoint(tags),
    "/annotations/{annotation_id}": endpoint(annotation),
}

ROUTES: list[BaseRoute] = [
    Route("/me", me, methods=["GET"]),
    Route("/me/", me, methods=["GET"]),
    *(Route(_PROJECT + path, answer, methods=["GET"]) for path, answer in _OF_PROJECT.items()),
]
