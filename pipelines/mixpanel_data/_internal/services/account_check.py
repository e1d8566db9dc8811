"""Whether credentials open what they should."""

from typing import Any

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.config import resolve
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import AuthenticationError


def check_account(settings: Settings, account: str | None = None) -> dict[str, Any]:
    """What an account is and reaches, without its secret: by one request, of a kind that Mixpanel
    does not ration.

    ``project`` and ``timezone`` are None where Mixpanel does not tell.

    Raises:
        ConfigError: there is no such account, or none at all.
        AuthenticationError: Mixpanel refuses it, or it does not reach its project.
        APIError: Mixpanel could not be reached.
    """
    found = resolve(settings, account)
    credentials = found.credentials
    with MixpanelAPIClient(
        credentials,
        base_url=settings.api_base_url,
        allow_http=settings.allow_http,
        bounds=settings.bounds,
        max_attempts=1,
    ) as client:
        project = reached_project(client, credentials.project_id)
    return {
        "username": credentials.username,
        "project_id": credentials.project_id,
        "region": credentials.region,
        "from": found.source,
        "project": project.get("name"),
        "timezone": project.get("timezone"),
    }


def reached_project(client: MixpanelAPIClient, project_id: str) -> dict[str, Any]:
    """What Mixpanel tells of the project, its ``name`` and ``timezone`` among it; empty where it
    does not tell.

    Raises as :func:`check_account`.
    """
    with client.open_me() as answer:
        results = answer.get("results")
        projects = results.get("projects") if isinstance(results, dict) else None
        if not isinstance(projects, dict) or not projects:
            return {}
        project = projects.get(project_id)
        if not isinstance(project, dict):
            raise AuthenticationError(
                f"The account works, and does not reach project {project_id}.",
                details={"project_id": project_id},
            )
        return project
