"""The ASGI application: routes, and around them faults, limits, authentication and the log."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mixpanel_data.sandbox import app_api, auth, query
from mixpanel_data.sandbox.calls import Call, read_body, read_query
from mixpanel_data.sandbox.errors import EXPORT_PATH, RefusedError, refuse
from mixpanel_data.sandbox.export import export
from mixpanel_data.sandbox.faults import Faults
from mixpanel_data.sandbox.faults.middleware import Misbehaving
from mixpanel_data.sandbox.limits import RateLimited
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.wire import Connections


def build_app(
    project: Project,
    faults: Faults,
    connections: Connections,
    *,
    rate_limits: bool,
    retry_after: int | None,
    hourly_limit: int,
    pages_count: bool,
) -> ASGIApp:
    """Return the complete application. From the outside in: log, authentication, limits, faults,
    routes."""
    app: ASGIApp = Misbehaving(_routes(project), project, faults, connections)
    if rate_limits:
        app = RateLimited(
            app, project.clock, retry_after, hourly_limit=hourly_limit, pages_count=pages_count
        )
    return Logged(Authenticated(app, project), project)


def _routes(project: Project) -> Starlette:
    routes = [
        Route(EXPORT_PATH, export, methods=["GET"]),
        Mount("/api/query", routes=query.ROUTES),
        Mount("/api/app", routes=app_api.ROUTES),
    ]
    handlers = {RefusedError: _on_refusal, HTTPException: _on_http_error}
    app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False
    app.state.project = project
    return app


class Authenticated:
    """Admits only the project's service account."""

    def __init__(self, app: ASGIApp, project: Project) -> None:
        self.app = app
        self.project = project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: Call = scope["state"]["call"]
        authorization = Request(scope).headers.get("authorization", "")
        project_id = call.params.get("project_id")  # in the URL, also if the body has one
        auth.check(authorization, project_id, call.path, self.project.credentials)
        await self.app(scope, receive, send)


class Logged:
    """Reads and logs the request, and converts refusals of the inner layers into responses."""

    def __init__(self, app: ASGIApp, project: Project) -> None:
        self.app = app
        self.project = project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = await self._begin(Request(scope, receive))
        except ClientDisconnect:
            return  # before it had asked anything
        scope.setdefault("state", {})["call"] = call
        try:
            await self._answer(scope, receive, _watching(send, call))
        finally:
            call.finished_at = self.project.clock()

    async def _begin(self, request: Request) -> Call:
        body = await request.body()
        call = Call(
            method=request.method,
            path=request.url.path,
            params=read_query(request.scope["query_string"]),
            form=read_body(body, request.headers.get("content-type", "")),
            accept_encoding=request.headers.get("accept-encoding", ""),
            started_at=self.project.clock(),
        )
        self.project.calls.add(call)
        return call

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except RefusedError as refusal:
            await refuse(scope["path"], refusal)(scope, receive, send)


def _watching(send: Send, call: Call) -> Send:
    async def watch(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
        call.bytes_sent += len(message.get("body", b""))
        await send(message)

    return watch


def _on_refusal(request: Request, refusal: RefusedError) -> Response:
    return refuse(request.url.path, refusal)


def _on_http_error(request: Request, error: HTTPException) -> Response:
    return refuse(request.url.path, RefusedError(error.status_code, error.detail, error.headers))
