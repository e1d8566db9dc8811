"""The common part of the routes under ``/api/app/projects/{id}/``."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project

Answers = Callable[[Project, Request], Any]


def endpoint(answers: Answers, *parameters: str) -> Callable[[Request], Response]:
    """Return a route of the project in the path. It rejects query parameters other than
    ``parameters``.

    Some routes of the app API do that (docs/mixpanel-facts.md, section 8). Which ones is not
    documented: here all routes of a project do.
    """

    def answer(request: Request) -> Response:
        project: Project = request.app.state.project
        _check_project(request, project)
        unknown = sorted(set(request.query_params) - set(parameters))
        if unknown:
            raise RefusedError(400, f"Unknown query parameters: {', '.join(unknown)}")
        return JSONResponse(answers(project, request))

    return answer


def listing(results: list[Any]) -> dict[str, Any]:
    """Return the envelope of a list."""
    return {"status": "ok", "results": results}


def _check_project(request: Request, project: Project) -> None:
    asked_for = request.path_params["project_id"]
    if asked_for != project.credentials.project_id:
        raise RefusedError(403, f"You do not have permission to access project {asked_for}")
