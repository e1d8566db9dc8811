"""Promise 7: memory does not grow with the number of events."""

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

CHILDREN = Path(__file__).parents[2] / "benchmarks" / "children.py"
DAY = "2026-03-10"
LINES = 2_000
MORE_MEGABYTES = 60


def some_events() -> bytes:
    """A megabyte of events of the day, compressed; as often as one likes in a row, it is gzip of several members."""
    midnight = 1_773_100_800_000
    chance = random.Random(7)  # what can't be compressed well: all of it at once would show
    lines = (
        json.dumps(
            {
                "event": "e",
                "properties": {"time": midnight + n, "x": chance.randbytes(200).hex()},
            }
        )
        for n in range(LINES)
    )
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 1)


@contextmanager
def serving(times: int) -> Iterator[str]:
    """The address of a server that answers every export with so many times those events."""
    piece = some_events()

    class Export(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(times * len(piece)))
            self.end_headers()
            for _ in range(times):
                self.wfile.write(piece)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def synced(folder: Path, times: int) -> dict[str, Any]:
    """What landing and loading them took, in a process of its own."""
    with serving(times) as url:
        command = [sys.executable, str(CHILDREN), "sync", url, str(folder), DAY, DAY, "256MB"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is counted in bytes")
def test_promise_7_four_times_the_events_take_no_more_memory(tmp_path):
    some = synced(tmp_path / "some", 60)
    many = synced(tmp_path / "many", 240)

    assert (some["result"]["events"], many["result"]["events"]) == (60 * LINES, 240 * LINES)
    assert many["rss"] <= some["rss"] + MORE_MEGABYTES
