"""GET …/bookmarks: the saved reports of every kind.

Not in Mixpanel's OpenAPI files (docs/mixpanel-facts.md, section 8).
"""

from typing import Any

from starlette.requests import Request

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.app_api.projects import listing
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.saved import Saved

TYPES = ("insights", "funnels", "retention", "flows", "launch-analysis")
_WORKSPACE = 7
_CREATED = "2026-01-12T09:30:00"
_MODIFIED = "2026-02-20T16:45:10"


def bookmarks(project: Project, request: Request) -> dict[str, Any]:
    """Return all saved reports, or those of one ``type``; ids are ``bookmark_id`` and
    ``funnel_id``."""
    kind = request.query_params.get("type")
    if kind is not None:
        params.choice(request.query_params, "type", TYPES)
    return listing(
        [
            _bookmark(project, *found)
            for found in _reports(project.dataset.saved)
            if kind in (None, found[2])
        ]
    )


def _reports(saved: Saved) -> list[tuple[int, str, str, str]]:
    """Yield id, name, type and description."""
    insights = [(each.id, each.name, "insights", each.description) for each in saved.reports]
    funnels = [(each.id, each.name, "funnels", "") for each in saved.funnels]
    others = [(each.id, each.name, each.type, each.description) for each in saved.other_reports]
    return insights + funnels + others


def _bookmark(
    project: Project, bookmark_id: int, name: str, kind: str, description: str
) -> dict[str, Any]:
    return {
        "id": bookmark_id,
        "name": name,
        "type": kind,
        "project_id": int(project.credentials.project_id),
        "workspace_id": _WORKSPACE,
        "created": _CREATED,
        "modified": _MODIFIED,
        "creator_id": 1,
        "creator_name": "Sandbox",
    } | ({"description": description} if description else {})
