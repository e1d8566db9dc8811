"""Placeholder for the first commit."""

from typing import Any
from starlette.types import ASGIApp, Receive, Scope, Send


class Faults:
    def release(self) -> None: ...


class Misbehaving:
    def __init__(self, app: ASGIApp, *args: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
