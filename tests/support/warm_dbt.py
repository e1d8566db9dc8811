"""dbt that has been started before: a process that has imported it and parsed the models forks for every build.

Half of what a small build costs is dbt's start. What the fork does is what the build's own child would do, by the same
code, with the same files and variables, in the same folder. Builds of `mp` in a shell fork if the shell has ``in_shells``.
"""

import contextlib
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Never

from mixpanel_data._internal.transform import dbt_process
from support import forking
from support.in_shells.sitecustomize import SOCKET, code_that_asks

SECONDS = "seconds"
"""The file beside the socket that has the processor seconds of each fork, a line each."""

_CODE = dbt_process._RUN
"""What the build's child runs."""


def start(
    arguments: list[str], data: Path, variables: dict[str, str], program: str = __file__
) -> Path:
    """Start the process, which first runs dbt with these arguments and ends when this one does. Return where it listens.

    Another ``program`` that forks for each job takes other arguments.
    """
    path = Path(mkdtemp(prefix="forks-")) / "socket"
    process = subprocess.Popen(
        [sys.executable, program, str(path), *arguments],
        cwd=data,
        env={**variables, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n", process.stdout.read()
    _started.append(process)
    return path


_started: "list[subprocess.Popen[str]]" = []  # holds the pipes open


def use() -> None:
    """From now on this process's builds ask for a fork, if a process listens."""
    if path := os.environ.get(SOCKET):
        dbt_process._RUN = code_that_asks(path, _CODE)


def in_shells() -> dict[str, str]:
    """What a shell has in its environment so that builds of `mp` and of flows fork, if a process listens."""
    if path := os.environ.get(SOCKET):
        return {SOCKET: path, "PYTHONPATH": str(Path(__file__).with_name("in_shells"))}
    return {}


PROJECT = ("--project-dir", "dbt", "--profiles-dir", "dbt")
"""Where the models are, seen from the root of the checkout."""


def over(folder: Path) -> dict[str, str]:
    """What a user sets in a shell for dbt over a data folder."""
    return {
        "MP_DATA_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DO_NOT_TRACK": "1",
    }


def shell(own: dict[str, str]) -> dict[str, str]:
    """This process's variables and ``own``, without what was parsed before, which a user's shell does not have."""
    return {
        name: value for name, value in os.environ.items() if name != dbt_process.PARTIAL_PARSE
    } | own


COMMAND = "from dbt.cli.main import cli; cli()"
"""What the command `dbt` is."""


def dbt(*arguments: str, cwd: Path, own: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """How the command `dbt` ended with these variables in a shell, by a fork if a process listens."""
    code = COMMAND
    if path := os.environ.get(SOCKET):
        code = code_that_asks(path, code)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=shell(own),
        capture_output=True,
        text=True,
        check=False,
    )


def _serve(path: Path, arguments: list[str]) -> None:
    from dbt.cli.main import dbtRunner
    from dbt_common.tests import enable_test_caching

    enable_test_caching()  # dbt's own: each text of a template is parsed once
    _keep_compiled_templates()
    with contextlib.redirect_stdout(sys.stderr):
        # the static parser has threads, which would be missing in the forks
        parsed = dbtRunner().invoke([*arguments, "--no-static-parser"])
    assert parsed.success
    _compile_macros(parsed.result)
    _parsed.update(manifest=parsed.result, project=_project_of(arguments), read=_variables_read())
    fork_for_each_job(path)


def fork_for_each_job(path: Path) -> None:
    """Listen at ``path``, and run each job that comes in a fork, until standard input ends."""
    forking.settle()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        print("ready", flush=True)
        while 0 not in select.select([0, listener], [], [])[0]:
            client, _ = listener.accept()
            with client:
                job, files = _receive(client)
                if os.fork() == 0:
                    listener.close()
                    _answer(client, job, files, path.with_name(SECONDS))
                for file in files:
                    os.close(file)
    shutil.rmtree(path.parent)


def _keep_compiled_templates() -> None:
    """Let each text of a template be compiled once: dbt compiles that of a model in each run."""
    from jinja2 import Environment

    compile_template = Environment.compile
    compiled: dict[tuple[Any, ...], Any] = {}

    def compile_once(environment: Environment, source: Any, *rest: Any, **options: Any) -> Any:
        key = (type(environment), source, rest, tuple(options.items()))
        if key not in compiled:
            compiled[key] = compile_template(environment, source, *rest, **options)
        return compiled[key]

    Environment.compile = compile_once  # type: ignore[method-assign, assignment]


def _compile_macros(manifest: Any) -> None:
    """Compile the Jinja of each macro, which dbt does in every run when it first calls one."""
    from dbt_common.clients.jinja import template_cache

    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)


_parsed: dict[str, Any] = {}
"""The manifest, the folder of its project, and the variables it was parsed with."""


def _project_of(arguments: list[str]) -> str:
    return arguments[arguments.index("--project-dir") + 1]


def _variables_read() -> dict[str, str]:
    """The variables of the environment that the models or the profile may read."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("MP_") and not name.startswith("MP_TEST_") and name != "MP_CONFIG_PATH"
    }


def _reuse_manifest() -> None:
    """Give dbt the manifest, if the job would parse the same files with the same variables.

    dbt would find in the saved parse that nothing changed: a sixth of the time of a small build.
    """
    same = "--vars" not in sys.argv and _project_of(sys.argv) == _parsed["project"]
    if same and _variables_read() == _parsed["read"]:
        from dbt.cli import main

        main.dbtRunner = functools.partial(main.dbtRunner, _parsed["manifest"])  # type: ignore[assignment, misc]


def _receive(client: socket.socket) -> tuple[Any, list[int]]:
    size, files, _, _ = socket.recv_fds(client, 8, 3)
    with client.makefile("rb") as stream:
        return json.loads(stream.read(int.from_bytes(size, "big"))), files


def _answer(client: socket.socket, job: Any, files: list[int], seconds: Path) -> Never:
    """Run the job in a child and answer its process id, then how it ended. A client that disconnects ends it.

    Append the seconds of the processor that it took to the file ``seconds``.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        client.close()
        _run_job(files, *job)
    with contextlib.suppress(OSError):
        client.sendall(child.to_bytes(4, "big"))
    for file in (0, 1, 2, *files):
        os.close(file)

    def end_with_the_client() -> None:
        with contextlib.suppress(OSError):
            client.recv(1)
        os.kill(child, signal.SIGKILL)

    threading.Thread(target=end_with_the_client, daemon=True).start()
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    with seconds.open("a") as log:
        log.write(f"{used.ru_utime + used.ru_stime}\n")
    with contextlib.suppress(OSError):
        client.sendall(bytes([code & 0xFF]))
    os._exit(0)


def _run_job(
    files: list[int], code: str, argv: list[str], cwd: str, variables: dict[str, str]
) -> Never:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = argv
    if code == _CODE and "--project-dir" in argv:
        _reuse_manifest()
    exec(code, {"__name__": "__main__"})  # noqa: S102  (our own)
    sys.exit()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2:])
