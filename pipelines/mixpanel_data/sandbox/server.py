"""Runs the application on a socket, in a thread of its own."""

import asyncio
import socket
import threading
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from mixpanel_data.sandbox.wire import Connections

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


class Server(uvicorn.Server):
    """A uvicorn server that stops when asked to, instead of checking for it every 100 ms."""

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        config = uvicorn.Config(
            app,
            http=connections.protocol,  # type: ignore[arg-type]  # called like the class it makes
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,
        )
        super().__init__(config)
        self._connections = connections
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Serve until ``stop``, or a signal in the main thread."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        self._ready.set()
        while not self.should_exit:
            await self._tick()

    def wait_until_ready(self) -> None:
        """Return when connections are accepted."""
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("The sandbox server did not start.")

    def stop(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self.should_exit = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, drop every connection, and let their tasks end."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._connections.abort_all()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_STOP_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on a signal without waiting for the next tick."""
        super().handle_exit(sig, frame)
        self.stop()

    async def _tick(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), timeout=1.0)
        except TimeoutError:
            await self.on_tick(0)  # renews the Date header


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket; port 0 selects a free one."""
    # With the protocol given, asyncio sends small parts at once; without it, some responses took 40
    # ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener
