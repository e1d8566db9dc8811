"""``mp`` that has been started before: a process that has imported what it imports forks for every command.

Three quarters of the time of a small command are imports. What the fork does is what ``mp`` does, by the same code, with
the same arguments, files and variables, in the same folder.
"""

import _socket
import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Never

from support import warm_dbt
from support.in_shells.sitecustomize import SOCKET

LISTENS = "MP_TEST_MP"
"""The variable that names where the process listens, once there is one."""

PROGRAM = str(Path(sys.executable).with_name("mp"))

_FREE = ("MP_", "PYTEST_", "PATH", "PYTHONPATH", "PWD", "OLDPWD", "PREFECT_HOME")
"""Variables, by their first letters, that nothing reads while modules are imported."""

_CODE = "from support import warm_mp; warm_mp.run_command()"

_MODULES = (
    "dlt._workspace.cli._plugins",
    "dlt.common.libs.sql_alchemy_compat",
    "dlt.sources.helpers.requests",
    "encodings.idna",
    "mixpanel_data._internal.services.account_check",
    "mixpanel_data.destinations.mixpanel_duckdb",
    "mixpanel_data.project",
    "mixpanel_data.sources.resources",
    "mixpanel_data.sync.health",
    "mixpanel_data.sync.job",
    "mixpanel_data.sync.load",
    "mixpanel_data.sync.time_basis",
    "mixpanel_data.workspace",
    "pendulum.locales.en.locale",
    "pytz",
)
"""What commands import when they begin, which import the rest."""


def start(folder: Path) -> Path:
    """Start the process, which ends when this one does. Return where it listens."""
    variables = {**os.environ, "DO_NOT_TRACK": "1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    path = warm_dbt.start([], folder, variables, __file__)
    path.with_name("variables.json").write_text(json.dumps(_kept(variables)))
    return path


def _kept(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith(_FREE)}


def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: str | None = None,
    timeout: float = 200,
) -> "subprocess.CompletedProcess[str]":
    """How ``mp`` ended with these arguments and variables: by a fork, if a process with such variables listens."""
    command = [PROGRAM, *arguments]
    with socket.socket(socket.AF_UNIX) as server:
        if _connected(server, env):
            server.settimeout(timeout)
            return _ask(server, command, env, cwd, stdin)
    return subprocess.run(
        command, env=env, cwd=cwd, input=stdin,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def _connected(server: socket.socket, env: Mapping[str, str]) -> bool:
    if path := os.environ.get(LISTENS):
        with contextlib.suppress(OSError):  # it has ended
            if json.loads(Path(path).with_name("variables.json").read_text()) == _kept(env):
                _socket.socket.connect(server, path)  # `--block-network` lets no path through
                return True
    return False


def _ask(
    server: socket.socket,
    command: list[str],
    env: Mapping[str, str],
    cwd: Path,
    stdin: str | None,
) -> "subprocess.CompletedProcess[str]":
    (read, write), (out, written_out), (err, written_err) = (os.pipe() for _ in range(3))
    os.write(write, (stdin or "").encode())  # a pipe holds that much
    os.close(write)
    job = json.dumps([_CODE, command, str(cwd), dict(env)]).encode()
    files = [read, written_out, written_err]
    socket.send_fds(server, [len(job).to_bytes(8, "big")], files)
    for file in files:
        os.close(file)
    server.sendall(job)
    with ThreadPoolExecutor(2) as pool, os.fdopen(out) as stdout, os.fdopen(err) as stderr:
        texts = [pool.submit(file.read) for file in (stdout, stderr)]
        try:
            ended = server.recv(1)
        except TimeoutError:
            server.close()  # which ends the fork
            raise
        code = ended[0] if ended else 1
        return subprocess.CompletedProcess(command, code, *(text.result() for text in texts))


def run_command() -> Never:
    """What the command `mp` is, in a fork, up to the end of its interpreter, at which DuckDB reports the frozen objects."""
    if SOCKET in os.environ:
        warm_dbt.use()
    # Those of the process took its own files for what they were.
    sys.stdin = os.fdopen(0, encoding=sys.stdin.encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)
    errors = sys.stderr.errors
    sys.stderr = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors=errors, closefd=False)
    from mixpanel_data.cli import main

    code = 1
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001  (as the interpreter does)
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def _import_all() -> None:
    from mixpanel_data import cli

    for module in pkgutil.walk_packages(cli.__path__, "mixpanel_data.cli."):
        importlib.import_module(module.name)
    for name in _MODULES:
        importlib.import_module(name)


if __name__ == "__main__":
    _import_all()
    warm_dbt.fork_for_each_job(Path(sys.argv[1]))
    os._exit(0)
