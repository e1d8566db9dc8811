"""A loopback server that receives alerts and pings, and keeps them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receiver:
    """Answers each request with ``status``, or with nothing while ``stalls`` is set."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        """The JSON objects that were posted, oldest first."""
        self.pings: list[str] = []
        """The paths that were requested with GET, oldest first."""
        self.status = 200
        self.stalls = threading.Event()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def titles(self) -> list[str]:
        """The second word of each title since the last call, which is the kind of the alert."""
        found = [alert["title"].partition(":")[0].partition(" ")[2] for alert in self.alerts]
        self.alerts.clear()
        return found

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def wait_while_stalled(self) -> None:
        """Return when answers may be sent."""
        if self.stalls.is_set():
            self._closing.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = self._receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.wait_while_stalled()
        receiver.alerts.append(json.loads(body))
        self._answer(receiver.status)

    def do_GET(self) -> None:
        self._receiver.wait_while_stalled()
        self._receiver.pings.append(self.path)
        self._answer(self._receiver.status)

    @property
    def _receiver(self) -> Receiver:
        assert isinstance(self.server, _Server)
        return self.server.receiver

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
