"""Checks what an account's credentials give access to."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.config import Resolution, find_credentials
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import AuthenticationError


@dataclass(frozen=True)
class Reached:
    """What one request to Mixpanel showed."""

    found: Resolution
    """The account in force."""
    project: dict[str, Any]
    """Mixpanel's attributes of the project; may be empty."""
    clock_ahead: timedelta
    """How far this machine's clock is ahead of Mixpanel's; 0 within ten minutes."""


def check_account(settings: Settings, account: str | None = None) -> dict[str, Any]:
    """Return an account and the project that it reaches, without its secret.

    This takes one request, of a kind that Mixpanel does not limit. ``project`` and ``timezone`` are
    None if Mixpanel does not return them.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        account: Name of an account. None: the one in force.

    Raises:
        ConfigError: if there is no such account, or none at all.
        AuthenticationError: if Mixpanel rejects it, or it has no access to its project.
        APIError: if Mixpanel could not be reached.
    """
    reached = reach(settings, account)
    credentials, project = reached.found.credentials, reached.project
    return {
        "username": credentials.username,
        "project_id": credentials.project_id,
        "region": credentials.region,
        "from": reached.found.origin,
        "project": project.get("name"),
        "timezone": project.get("timezone"),
    }


def reach(settings: Settings, account: str | None = None) -> Reached:
    """Send one request, of a kind that Mixpanel does not limit, and return what it showed.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        account: Name of an account. None: the one in force.

    Raises:
        ConfigError, AuthenticationError, APIError: as for :func:`check_account`.
    """
    found = find_credentials(settings, account)
    credentials = found.credentials
    with MixpanelAPIClient(
        credentials,
        base_url=settings.api_base_url,
        allow_http=settings.allow_http,
        bounds=settings.bounds,
        max_attempts=1,
    ) as client:
        project = reached_project(client, credentials.project_id)
        return Reached(found, project, client.clock.ahead)


def reached_project(client: MixpanelAPIClient, project_id: str) -> dict[str, Any]:
    """Return Mixpanel's attributes of the project, such as ``name`` and ``timezone``; may be empty.

    Raises like :func:`check_account`.
    """
    with client.open_me() as answer:
        results = answer.get("results")
        projects = results.get("projects") if isinstance(results, dict) else None
        if not isinstance(projects, dict) or not projects:
            return {}
        project = projects.get(project_id)
        if not isinstance(project, dict):
            raise AuthenticationError(
                f"The account works, but has no access to project {project_id}.",
                details={"project_id": project_id},
            )
        return project
