"""Apache Superset in its smallest set-up: one process, its own state in SQLite, on loopback."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

HOME = Path(sys.prefix) / "bi"
PROGRAM = HOME / "bin" / "superset"
USER, PASSWORD = "admin", "only-for-these-tests"

CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = {state!r}
WTF_CSRF_ENABLED = False  # its API is asked by a token
TALISMAN_CONFIG = {{
    # Pages request nothing from other hosts: some have a pixel that counts installations.
    "content_security_policy": {{"default-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"]}},
    "force_https": False,
    "session_cookie_secure": False,
}}
"""


@dataclass(frozen=True)
class Superset:
    """A server that answers at ``url``, and its API for a user who has logged in."""

    url: str
    process: "subprocess.Popen[bytes]"
    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        """What version 1 of its API answers."""
        return _checked(self.http.get(f"/api/v1/{path}", params=query))

    def post(self, path: str, body: Any) -> Any:
        """What it answers to this JSON."""
        return _checked(self.http.post(f"/api/v1/{path}", json=body))

    def ask(self, database: int, sql: str) -> Any:
        """The rows that its SQL editor shows."""
        return self.post("sqllab/execute/", {"database_id": database, "sql": sql})["data"]

    def has_open(self, path: Path) -> bool:
        """Whether it has this file open now, under any name."""
        inode = path.stat().st_ino
        for handle in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(OSError):
                if handle.stat().st_ino == inode:
                    return True
        return False

    def cookies(self) -> dict[str, Any]:
        """A browser's state in which a user has logged in."""
        with httpx.Client(base_url=self.url) as browser:
            browser.post("/login/", data={"username": USER, "password": PASSWORD})
            found = [
                {"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}
                | {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
                for name, value in browser.cookies.items()
            ]
        return {"cookies": found, "origins": []}


def _checked(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.request.url, answer.status_code, answer.text[:2000])
    return answer.json()


@contextmanager
def running(home: Path) -> Iterator[Superset]:
    """A server whose state is in ``home``, until the block ends."""
    env = _environment(home)
    shutil.copy(_prepared(), home / "superset.db")
    port = _free_port()
    with (home / "superset.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"],
            cwd=home,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
            server = Superset(str(http.base_url).rstrip("/"), process, http)
            _wait(server, home / "superset.log")
            user = {"username": USER, "password": PASSWORD, "provider": "db"}
            token = server.post("security/login", user)["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def _environment(home: Path) -> dict[str, str]:
    config = home / "superset_config.py"
    state = f"sqlite:///{home / 'superset.db'}"
    config.write_text(CONFIG.format(key=secrets.token_hex(32), state=state))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {
        **kept,
        "HOME": str(home),
        "FLASK_APP": "superset",
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(config),
    }


def _prepared() -> Path:
    """The state of a new installation with its administrator, made once: its 300 migrations take longer than the tests."""
    ready = HOME / "superset.db"
    if ready.exists():
        return ready
    with tempfile.TemporaryDirectory(dir=HOME) as made:
        home = Path(made)
        user = ("--username", USER, "--password", PASSWORD, "--email", "admin@example.com")
        for arguments in (
            ("db", "upgrade"),
            ("fab", "create-admin", *user, "--firstname", "A", "--lastname", "Admin"),
            ("init",),
        ):
            done = subprocess.run(
                [PROGRAM, *arguments],
                cwd=home,
                env=_environment(home),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        (home / "superset.db").replace(ready)
    return ready


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(server: Superset, log: Path) -> None:
    for _ in range(600):
        assert server.process.poll() is None, log.read_text()[-3000:]
        with suppress(httpx.TransportError):
            if server.http.get("/health").is_success:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])
