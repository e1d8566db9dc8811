"""A client that decodes nothing, and small helpers for bodies and data."""

import base64
import json
import socket
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from mixpanel_data.sandbox import Dataset, Sandbox

DAY = date(2026, 3, 4)


@dataclass
class RawAnswer:
    """What came over the wire: head and body apart, the body with its chunk frames if it has any."""

    head: bytes
    body: bytes
    was_reset: bool

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case."""
        lines = self.head.decode().split("\r\n")[1:]
        return {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}

    def chunks(self) -> tuple[bytes, bool]:
        """The data within the chunk frames, and whether the last chunk came."""
        data, rest = b"", self.body
        while rest:
            size_line, _, rest = rest.partition(b"\r\n")
            size = int(size_line, 16)
            if size == 0:
                return data, True
            data, rest = data + rest[:size], rest[size + 2 :]
        return data, False


def export_path(from_date: date = DAY, to_date: date = DAY, **params: Any) -> str:
    """Path and query string of an export."""
    fields = {"project_id": "1234567", "from_date": from_date, "to_date": to_date, **params}
    return "/api/2.0/export?" + urlencode(fields)


def raw_get(sandbox: Sandbox, target: str, *, gzip: bool = False) -> RawAnswer:
    """One GET over a bare socket, read until the server ends the connection."""
    known = sandbox.credentials
    token = base64.b64encode(f"{known.username}:{known.secret}".encode()).decode()
    head = [f"GET {target} HTTP/1.1", "Host: sandbox", f"Authorization: Basic {token}"]
    head += ["Connection: close", *(["Accept-Encoding: gzip"] if gzip else []), "", ""]
    address = urlsplit(sandbox.base_url)
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall("\r\n".join(head).encode())
        received, was_reset = _drain(connection)
    head_bytes, _, body = received.partition(b"\r\n\r\n")
    return RawAnswer(head_bytes, body, was_reset)


def _drain(connection: socket.socket) -> tuple[bytes, bool]:
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        return received, True
    return received, False


def body_lines(body: bytes) -> list[dict[str, Any]]:
    """The events of an export body."""
    return [json.loads(line) for line in body.split(b"\n") if line]


def fill(dataset: Dataset, count: int = 40, day: date = DAY) -> None:
    """``count`` plain events on one day."""
    for number in range(count):
        dataset.add_event(
            "Viewed",
            datetime(day.year, day.month, day.day, 12, 0, number % 60, 123_000, UTC),
            distinct_id=f"u{number}",
            insert_id=f"i{number}",
            mp_processing_time_ms=1_772_625_600_000,
            pad="é" * 40,
        )
