"""GET …/annotations: notes on points in time, and their tags."""

from datetime import date
from typing import Any

from starlette.requests import Request

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.app_api.projects import listing
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.saved import Annotation, Saved

_AUTHOR = {"id": 1, "first_name": "Sandbox", "last_name": "Keeper"}


def annotations(project: Project, request: Request) -> dict[str, Any]:
    """Return the annotations from ``fromDate`` to ``toDate``, both included and both optional."""
    first = _day(request, "fromDate") or date.min
    last = _day(request, "toDate") or date.max
    saved = project.dataset.saved
    within = [
        each for each in saved.annotations if first <= date.fromisoformat(each.date[:10]) <= last
    ]
    return listing([_shown(each, saved) for each in within])


def annotation(project: Project, request: Request) -> dict[str, Any]:
    """Return one annotation, under ``results``."""
    wanted, saved = request.path_params["annotation_id"], project.dataset.saved
    for each in saved.annotations:
        if str(each.id) == wanted:
            return {"status": "ok", "results": _shown(each, saved)}
    raise RefusedError(404, f"Annotation {wanted} was not found")


def tags(project: Project, _request: Request) -> list[dict[str, Any]]:
    """Return the tags in use: an array without an envelope (docs/mixpanel-facts.md, section 9)."""
    saved = project.dataset.saved
    used = {tag for each in saved.annotations for tag in each.tags}
    project_id = int(project.credentials.project_id)
    return [
        {"id": tag, "name": name, "project_id": project_id, "has_annotations": True}
        for tag, name in saved.tags.items()
        if tag in used
    ]


def _day(request: Request, name: str) -> date | None:
    if not request.query_params.get(name):
        return None
    return params.day(request.query_params, name)


def _shown(each: Annotation, saved: Saved) -> dict[str, Any]:
    return {
        "id": each.id,
        "date": each.date,
        "description": each.description,
        "user": _AUTHOR,
        "tags": [{"id": tag, "name": saved.tags[tag]} for tag in each.tags],
    }
