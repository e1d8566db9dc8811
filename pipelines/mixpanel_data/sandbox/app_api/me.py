"""GET /api/app/me: the owner of the credentials."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mixpanel_data.sandbox.project import Project

_ORGANIZATION = 1
_WORKSPACE = 7


def me(request: Request) -> Response:
    """Return the service account, its project with the time zone, and that project's workspace."""
    project: Project = request.app.state.project
    project_id = project.credentials.project_id
    results = {
        "user_id": 1,
        "user_name": project.credentials.username,
        "organizations": {
            str(_ORGANIZATION): {"id": _ORGANIZATION, "name": "Sandbox", "role": "owner"}
        },
        "projects": {
            project_id: {
                "name": "Sandbox shop",
                "organization_id": _ORGANIZATION,
                "timezone": project.timezone,
                "has_workspaces": False,
                "domain": "mixpanel.com",
                "type": "PROJECT",
            }
        },
        "workspaces": {
            str(_WORKSPACE): {
                "id": _WORKSPACE,
                "name": "All Project Data",
                "project_id": int(project_id),
                "is_default": True,
                "is_global": True,
            }
        },
    }
    return JSONResponse({"status": "ok", "results": results})
