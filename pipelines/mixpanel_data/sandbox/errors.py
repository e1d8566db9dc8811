"""Refusals, in the shape each API family gives them."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, PlainTextResponse, Response

EXPORT_PATH = "/api/2.0/export"
ENGAGE_PATH = "/api/query/engage"


class RefusedError(Exception):
    """A request the sandbox does not serve: status, text, and headers if there are any."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def refuse(path: str, refusal: RefusedError) -> Response:
    """Plain text from the raw export, ``{"status", "error"}`` from the app API, ``{"error",
    "request"}`` from queries."""
    if path.startswith("/api/2.0/"):
        return PlainTextResponse(refusal.message + "\n", refusal.status, refusal.headers)
    if path.startswith("/api/app/"):
        body = {"status": "error", "error": refusal.message}
    else:
        body = {"error": refusal.message, "request": path}
    return JSONResponse(body, refusal.status, refusal.headers)
