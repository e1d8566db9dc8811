"""``mp sandbox > file``: its address is there while it runs."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx


def test_the_address_is_in_the_file_while_the_server_runs(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("mp")), "sandbox", "--port", "0"]
    path = tmp_path / "output"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with path.open("w") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=tmp_path, env=buffered
        )
    try:
        until = time.monotonic() + 60
        found = None
        while found is None and server.poll() is None and time.monotonic() < until:
            found = re.search(r"http://127\.0\.0\.1:\d+", path.read_text())
            threading.Event().wait(0.1)
        assert found, path.read_text()
        assert server.poll() is None
        assert httpx.get(f"{found[0]}/api/app/me").status_code == 401
    finally:
        server.terminate()
        server.wait(timeout=30)
