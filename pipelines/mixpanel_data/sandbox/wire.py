"""The raw connections of the running server, for responses that no ordinary framework would
send."""

import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]


class Connections:
    """The open connections by the address of their client."""

    def __init__(self) -> None:
        self._open: dict[Client, H11Protocol] = {}

    def protocol(self, *args: Any, **kwargs: Any) -> H11Protocol:
        """Return uvicorn's HTTP/1.1 protocol for a new connection, which registers itself here."""
        return _Entered(self._open, *args, **kwargs)

    def of(self, client: Client) -> "Connection":
        """Return the connection of a client."""
        return Connection(self._open[client])

    def abort_all(self) -> None:
        """Drop every connection at once; unsent data is lost."""
        for protocol in list(self._open.values()):
            protocol.transport.abort()


class Connection:
    """Raw writes on one connection."""

    def __init__(self, protocol: H11Protocol) -> None:
        self._protocol = protocol

    async def write(self, data: bytes) -> None:
        """Send bytes unchanged, once the client has read enough of earlier ones."""
        self._protocol.transport.write(data)
        await self._protocol.flow.drain()

    def finish(self) -> None:
        """Close the connection orderly (FIN), after everything is sent."""
        self._protocol.transport.close()

    def reset(self) -> None:
        """Reset the connection (RST): a socket with a linger time of 0 is reset on close."""
        raw: socket.socket = self._protocol.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._protocol.transport.abort()

    def pending(self) -> int:
        """Return the number of bytes not yet passed to the operating system."""
        size: int = self._protocol.transport.get_write_buffer_size()
        return size


class _Entered(H11Protocol):
    def __init__(self, register: dict[Client, H11Protocol], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._register = register

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.client:
            self._register[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            self._register.pop(self.client, None)
        super().connection_lost(exc)
