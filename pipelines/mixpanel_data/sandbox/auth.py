"""HTTP Basic authentication of a service account, and ``project_id`` in the query string."""

import base64
import binascii
import secrets

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import SandboxCredentials


def check(
    authorization: str, project_id: str | None, path: str, credentials: SandboxCredentials
) -> None:
    """Raise an error unless the credentials match (401) and the project is given (401) and right
    (403)."""
    if not authorization:
        raise _unauthorized("Unauthorized: no credentials were sent")
    if not _matches(authorization, credentials):
        raise _unauthorized("Unable to authenticate request")
    if path.startswith("/api/app/"):
        return  # there the project, if any, is part of the path
    if not project_id:
        raise _unauthorized("Unauthorized: project_id is required with a service account")
    if not project_id.isdigit():
        raise RefusedError(400, f"project_id must be an integer: {project_id!r}")
    if project_id != credentials.project_id:
        raise RefusedError(403, f"You do not have permission to access project {project_id}")


def _matches(authorization: str, credentials: SandboxCredentials) -> bool:
    scheme, _, token = authorization.partition(" ")
    try:
        given = base64.b64decode(token.strip(), validate=True)
    except binascii.Error:
        return False
    wanted = f"{credentials.username}:{credentials.secret}".encode()
    return scheme.lower() == "basic" and secrets.compare_digest(given, wanted)


def _unauthorized(message: str) -> RefusedError:
    return RefusedError(401, message, {"WWW-Authenticate": 'Basic realm="mixpanel"'})
