"""Error responses, in the format of each API family."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, PlainTextResponse, Response

EXPORT_PATH = "/api/2.0/export"
ENGAGE_PATH = "/api/query/engage"


class RefusedError(Exception):
    """A request that the sandbox refuses: status, text, and headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


def refuse(path: str, refusal: RefusedError) -> Response:
    """Return plain text for the export, ``{"status", "error"}`` for the app API, ``{"error",
    "request"}`` for queries."""
    if path.startswith("/api/2.0/"):
        return PlainTextResponse(refusal.message + "\n", refusal.status, refusal.headers)
    if path.startswith("/api/app/"):
        body = {"status": "error", "error": refusal.message}
    else:
        body = {"error": refusal.message, "request": path}
    return JSONResponse(body, refusal.status, refusal.headers)
