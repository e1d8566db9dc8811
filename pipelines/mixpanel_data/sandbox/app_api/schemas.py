"""GET …/schemas: the Lexicon's descriptions of events and profiles, as far as they were written."""

from typing import Any

from starlette.requests import Request

from mixpanel_data.sandbox.app_api.projects import listing
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.saved import Entry

ENTITY_TYPES = ("event", "profile")


def schemas(project: Project, _request: Request) -> dict[str, Any]:
    """Return the complete data dictionary."""
    return listing([_entry(entry) for entry in project.dataset.saved.lexicon])


def schemas_of_type(project: Project, request: Request) -> dict[str, Any]:
    """Return the entries of events or profiles; with ``entity_name`` only the one of that name."""
    name = request.query_params.get("entity_name")
    entries = _of_type(project, request)
    return listing([_entry(entry) for entry in entries if name in (None, entry.name)])


def schema(project: Project, request: Request) -> dict[str, Any]:
    """Return one entry without an envelope, as in the OpenAPI file."""
    name = request.path_params["name"]
    for entry in _of_type(project, request):
        if entry.name == name:
            return entry.schema
    raise RefusedError(404, f"No schema was found for {request.path_params['entity_type']} {name}")


def _of_type(project: Project, request: Request) -> list[Entry]:
    kind = request.path_params["entity_type"]
    if kind not in ENTITY_TYPES:
        raise RefusedError(400, f"The entity type must be event or profile: {kind!r}")
    return [entry for entry in project.dataset.saved.lexicon if entry.entity_type == kind]


def _entry(entry: Entry) -> dict[str, Any]:
    return {"entityType": entry.entity_type, "name": entry.name, "schemaJson": entry.schema}
