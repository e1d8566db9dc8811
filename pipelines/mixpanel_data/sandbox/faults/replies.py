"""Responses that replace the right one, independent of the data."""

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.errors import RefusedError, refuse
from mixpanel_data.sandbox.faults.kinds import FaultKind
from mixpanel_data.sandbox.faults.plan import Options
from mixpanel_data.sandbox.limits import TOO_MANY

_NO_PLAN = "Your plan does not support raw data export"
_NO_PERMISSION = "You do not have permission to access this project"
_PAGE = "<!DOCTYPE html>\n<html><head><title>Mixpanel</title></head><body>Be right back.</body></html>\n"


def _html(_call: Call, options: Options) -> Response:
    return HTMLResponse(options.text or _PAGE)


def _error_object(call: Call, options: Options) -> Response:
    return JSONResponse({"error": options.text or "unknown error", "request": call.path})


def _empty(_call: Call, _options: Options) -> Response:
    return Response(media_type="text/plain")


def _redirect(_call: Call, options: Options) -> Response:
    return RedirectResponse(options.location, status_code=302)


def _status(status: int, text: str | None = None) -> Callable[[Call, Options], Response]:
    def reply(call: Call, options: Options) -> Response:
        message = options.text or text or HTTPStatus(status).phrase
        return refuse(call.path, RefusedError(status, message, _retry_after(options)))

    return reply


def _retry_after(options: Options) -> dict[str, str] | None:
    after = options.retry_after
    if after is None:
        return None
    return {
        "Retry-After": format_datetime(after, usegmt=True)
        if isinstance(after, datetime)
        else str(after)
    }


REPLIES: dict[FaultKind, Callable[[Call, Options], Response]] = {
    FaultKind.HTML_200: _html,
    FaultKind.ERROR_OBJECT_200: _error_object,
    FaultKind.EMPTY_BODY: _empty,
    FaultKind.REDIRECT: _redirect,
    FaultKind.STATUS_402: _status(402, _NO_PLAN),
    FaultKind.STATUS_403: _status(403, _NO_PERMISSION),
    FaultKind.STATUS_429: _status(429, TOO_MANY),
    FaultKind.STATUS_500: _status(500, "unknown error"),
    FaultKind.STATUS_502: _status(502),
    FaultKind.STATUS_503: _status(503),
    FaultKind.STATUS_504: _status(504),
}
