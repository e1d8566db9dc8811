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
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Never

from support import warm_dbt
from support.in_shells.sitecustomize import MP, MP_CODE, SOCKET, kept

PROGRAM = str(Path(sys.executable).with_name("mp"))

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
    "support.core_models",
    "support.crash.command",
)
"""What commands import when they begin, which import the rest."""


def start(folder: Path, variables: Mapping[str, str] = os.environ) -> Path:
    """Start the process with these variables, which ends when this one does. Return where it listens."""
    all_of_it = {**variables, "DO_NOT_TRACK": "1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    path = warm_dbt.start([], folder, all_of_it, __file__)
    path.with_name("variables.json").write_text(json.dumps(kept(all_of_it)))
    return path


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
    if process := fork(MP_CODE, command, env=env, cwd=cwd, stdin=stdin):
        with process:
            out, err = process.communicate(timeout=timeout)
        assert process.returncode is not None
        return subprocess.CompletedProcess(command, process.returncode, out, err)
    return subprocess.run(
        command, env=env, cwd=cwd, input=stdin,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def fork(
    code: str, argv: list[str], *, env: Mapping[str, str], cwd: Path, stdin: str | None = None
) -> "Forked | None":
    """Run code in a fork with these arguments and variables, if a process with such variables listens."""
    if path := os.environ.get(MP):
        server = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):  # it has ended
            if json.loads(Path(path).with_name("variables.json").read_text()) == kept(env):
                _socket.socket.connect(server, path)  # `--block-network` lets no path through
                return Forked(server, [code, argv, str(cwd), dict(env)], stdin or "")
        server.close()
    return None


class Forked:
    """A fork under way, with what tests use of ``subprocess.Popen``. It ends when the object is closed."""

    def __init__(self, server: socket.socket, job: list[object], stdin: str) -> None:
        (read, write), (out, written_out), (err, written_err) = (os.pipe() for _ in range(3))
        os.write(write, stdin.encode())  # a pipe holds that much
        os.close(write)
        self._outputs = [os.fdopen(out), os.fdopen(err)]
        self._printed: tuple[str, str] | None = None
        self._server = server
        self.returncode: int | None = None
        text = json.dumps(job).encode()
        files = [read, written_out, written_err]
        socket.send_fds(server, [len(text).to_bytes(8, "big")], files)
        for file in files:
            os.close(file)
        server.sendall(text)
        self.pid = int.from_bytes(server.recv(4, socket.MSG_WAITALL), "big")

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for output in self._outputs:
            output.close()

    def poll(self) -> int | None:
        """The exit code, or None before the end; as ``subprocess`` has it, -9 after SIGKILL."""
        return self._ended(0)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._server], [], [], seconds)[0]:
            (code,) = self._server.recv(1) or b"\1"
            self.returncode = code - 256 if code > 256 - signal.NSIG else code
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; return what it wrote to standard output and standard error."""
        if self._printed is None:
            with ThreadPoolExecutor(2) as pool:
                texts = [pool.submit(file.read) for file in self._outputs]
                if self._ended(timeout) is None:
                    self.kill()
                    raise TimeoutError
                self._printed = (texts[0].result(), texts[1].result())
        return self._printed


def run_command(prepare: Callable[[], None] = lambda: None) -> Never:
    """What the command `mp` is, in a fork, up to the end of its interpreter, at which DuckDB reports the frozen objects.

    It does what ``prepare`` does first.
    """
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
        prepare()
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
