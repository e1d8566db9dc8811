"""A loopback server that sends prepared bytes, one answer a request, and keeps what it was asked."""

import gzip
import json
import socket
import struct
import threading
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, Literal, Self


@dataclass(frozen=True)
class Answer:
    """``data`` exactly as it goes over the wire, and what becomes of the connection after it."""

    data: bytes
    then: Literal["close", "reset", "stall"] = "close"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    head: str
    body: str

    @property
    def target(self) -> str:
        return self.head.split(" ", 2)[1]


def http(
    status: int, body: bytes | str | dict[str, Any] = b"", /, *, length: bool = True, **headers: str
) -> bytes:
    """An HTTP answer. A dict is sent as JSON; header names take _ for -; without ``length`` only closing ends it."""
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if length:
        sent.setdefault("Content-Length", str(len(content)))
    lines = [f"HTTP/1.1 {status} Not So", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def gzipped(body: bytes, *, cut: int = 0, length: bool = True) -> bytes:
    """A 200 answer in gzip whose last ``cut`` bytes are missing, in complete HTTP framing."""
    packed = gzip.compress(body)
    return http(200, packed[: len(packed) - cut], length=length, Content_Encoding="gzip")


class ScriptedServer:
    """Give the answers in order; after the last one every request gets 599."""

    def __init__(self, *answers: bytes | Answer) -> None:
        self.asked: list[Asked] = []
        self._answers = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def play(self, connection: socket.socket) -> None:
        self.asked.append(_read_request(connection))
        answers = self._answers
        answer = answers.pop(0) if answers else Answer(http(599, "the script has ended"))
        connection.sendall(answer.data)
        if answer.then == "stall":
            self._closing.wait()
        if answer.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    script: ScriptedServer


class _Handler(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.script.play(self.request)


def _read_request(connection: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data and not data.startswith(b"\x16"):  # the hello of TLS
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return Asked(head.decode("latin-1"), body.decode())
