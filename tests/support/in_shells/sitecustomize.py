"""What Python does first in the programs that a test starts in a shell: their builds fork from a dbt that runs.

This folder is in the ``PYTHONPATH`` of these programs. See ``support.warm_dbt`` and ``support.warm_mp``, which import
this module, too.
"""

import os
import sys
from collections.abc import Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

SOCKET = "MP_TEST_DBT"
"""The variable that names where the process listens, once there is one."""

MP = "MP_TEST_MP"
"""The variable that names where the process listens of which `mp` is a fork, once there is one."""

MP_CODE = "from support import warm_mp; warm_mp.run_command()"
"""What this process runs."""

_FREE = (
    *("HOME", "MP_", "PYTEST_", "PATH", "PREFECT_HOME"),
    *("PWD", "OLDPWD", "SHLVL", "_"),
    "DBT_PARTIAL_PARSE_FILE_PATH",  # the fixture `parsed` sets it, before this process starts or after
)
"""Variables, by their first letters, that nothing reads while modules are imported."""


def kept(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that have to be those of a process for `mp` to be a fork of it.

    With another ``PYTHONPATH`` than this folder, a program may run a copy of the package.
    """
    own = {"PYTHONPATH": str(Path(__file__).parent)}
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith(_FREE) and own.get(name) != value
    }


_PATCHED = "mixpanel_data._internal.transform.dbt_process"

# To its parent it is a child like any other. Where no process listens any more it does the work itself.
_CLIENT = """
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
try:
    server.connect({path!r})
except OSError:
    exec({code!r})
else:
    job = json.dumps([{code!r}, sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(job).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(job)
    server.recv(4, socket.MSG_WAITALL)  # its process id
    ended = server.recv(1)
    sys.exit(ended[0] if ended else 1)
"""


def code_that_asks(path: str, code: str) -> str:
    """What a child runs to have ``code`` run in a fork of the process at ``path``."""
    return _CLIENT.format(path=path, code=code)


class _Patch(MetaPathFinder, Loader):
    """Loads the module that runs dbt, and changes what its child runs."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name == _PATCHED else None
        if not found or not found.loader:
            return None
        self._loader = found.loader
        found.loader = self
        return found

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module._RUN = code_that_asks(os.environ[SOCKET], module._RUN)  # type: ignore[attr-defined]


if __name__ == "sitecustomize" and SOCKET in os.environ:
    sys.meta_path.insert(0, _Patch())
