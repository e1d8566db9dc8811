"""Replaces the routes when a fault is due: lets them respond, and damages the response."""

from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.export import GZIP_ABOVE, accepts_gzip
from mixpanel_data.sandbox.faults.coding import ALWAYS_CODED, code
from mixpanel_data.sandbox.faults.damage import DAMAGES, repeat_last_profile
from mixpanel_data.sandbox.faults.delivery import DELIVERIES, Answer, whole
from mixpanel_data.sandbox.faults.kinds import FaultKind
from mixpanel_data.sandbox.faults.plan import Fault, Faults
from mixpanel_data.sandbox.faults.replies import REPLIES
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.sessions import UNCACHED
from mixpanel_data.sandbox.wire import Connections


@dataclass
class Captured:
    """The uncompressed response of the routes."""

    status: int
    content_type: str
    body: bytes


class Misbehaving:
    """Routes that fail as ``faults`` requires."""

    def __init__(
        self, app: ASGIApp, project: Project, faults: Faults, connections: Connections
    ) -> None:
        self.app = app
        self.project = project
        self.faults = faults
        self.connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call: Call = scope["state"]["call"]
        fault = self.faults.take(call)
        if fault is None:
            await self.app(scope, receive, send)
            return
        kind = FaultKind(fault.kind)
        call.fault = kind
        if kind is FaultKind.SESSION_EXPIRED:
            self.project.sessions.expire()
            raise RefusedError(400, UNCACHED)
        if kind in REPLIES:
            await REPLIES[kind](call, fault)(scope, receive, send)
        else:
            await self._spoil(fault, kind, scope, receive, send)

    async def _spoil(
        self, fault: Fault, kind: FaultKind, scope: Scope, receive: Receive, send: Send
    ) -> None:
        right = await self._capture(scope, receive)
        call: Call = scope["state"]["call"]
        body = DAMAGES[kind](right.body, fault) if kind in DAMAGES else right.body
        if kind is FaultKind.DUPLICATE_PROFILE:
            body = await self._with_duplicate(scope, receive, call, body)
        headers = {"Content-Type": _content_type(kind, right.content_type)}
        if self._compresses(kind, call, body):
            headers["Content-Encoding"] = "gzip"
            body = code(kind, body, fault)
        connection = self.connections.of(scope["client"])
        answer = Answer(headers, body, call, scope, receive, send, connection)
        await DELIVERIES.get(kind, whole)(answer, fault)

    async def _capture(self, scope: Scope, receive: Receive) -> Captured:
        """Return the routes' response as if compression had not been requested.

        Responses other than 200 are raised.
        """
        inner = {**scope, "headers": [h for h in scope["headers"] if h[0] != b"accept-encoding"]}
        captured = Captured(0, "", b"")
        pieces: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                captured.status = message["status"]
                captured.content_type = Headers(raw=message["headers"])["content-type"]
            pieces.append(message.get("body", b""))

        await self.app(inner, receive, collect)
        captured.body = b"".join(pieces)
        if captured.status != 200:
            raise RefusedError(captured.status, captured.body.decode())
        return captured

    async def _with_duplicate(
        self, scope: Scope, receive: Receive, call: Call, body: bytes
    ) -> bytes:
        earlier = replace(call, form={**call.form, "page": int(call.fields["page"]) - 1})
        state = {**scope["state"], "call": earlier}
        before = await self._capture({**scope, "state": state}, receive)
        return repeat_last_profile(body, before.body)

    def _compresses(self, kind: FaultKind, call: Call, body: bytes) -> bool:
        """Export compresses large bodies on request; faults of gzip compress any body."""
        if kind is FaultKind.PLAIN_INSTEAD_OF_GZIP or not call.path.startswith("/api/2.0/"):
            return False
        return accepts_gzip(call.accept_encoding) and (
            kind in ALWAYS_CODED or len(body) > GZIP_ABOVE
        )


def _content_type(kind: FaultKind, right: str) -> str:
    if kind is FaultKind.WRONG_CONTENT_TYPE:
        return "application/octet-stream"
    return right.partition(";")[0] if kind is FaultKind.NO_CHARSET else right
