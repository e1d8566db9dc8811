"""dbt in a separate process, since it holds DuckDB's file lock until its interpreter ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mixpanel_data._internal.transform.dbt_results import (
    logged_error,
    logged_warning,
    reason_from_scratch,
    started,
    stray_line,
)

# The child ends when its standard input does, so that no dbt writes after the process that holds the
# lock is dead. It writes what `dbt_results` reads: dbt's own files hold all of the manifest, twice,
# and cost a build of few changes a tenth of its time. So did the garbage collector: most of what dbt
# creates is needed until it ends.
_RUN = """
import gc, json, os, sys, threading
gc.disable()
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
from dbt.cli.main import dbtRunner
done = dbtRunner().invoke([*sys.argv[2:], "--no-write-json"])
results = [[r.node.unique_id, r.status, r.execution_time, r.message] for r in getattr(done.result, "results", ())]
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1] + ".part", "w", encoding="utf-8") as file:
    json.dump(results, file)
os.replace(file.name, sys.argv[1])
sys.exit(not done.success)
"""


def run(
    arguments: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    results: Path,
    report: Callable[[str], None],
    from_scratch: Callable[[str], None],
    warn: Callable[[str], None],
) -> list[str]:
    """Run dbt over the data folder, and return its error messages: none if it succeeded.

    ``report`` is called with each node as it starts, ``from_scratch`` with the reason if everything
    is built from scratch, ``warn`` with each warning of a macro. The results of the nodes are in the
    file ``results`` afterwards, unless the child was killed.
    """
    command = [sys.executable, "-P", "-c", _RUN, str(results), *arguments]
    errors: list[str] = []
    stray: list[str] = []  # a traceback; or what a library prints when an interpreter ends
    with subprocess.Popen(
        command,
        cwd=data,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            for line in child.stdout or ():
                if node := started(line):
                    report(node)
                elif reason := reason_from_scratch(line):
                    from_scratch(reason)
                elif warning := logged_warning(line):
                    warn(warning)
                elif error := logged_error(line):
                    errors.append(error)
                elif text := stray_line(line):
                    stray.append(text)
        except BaseException:
            child.kill()
            raise
    return errors or stray or ["dbt gave no reason."] if child.returncode else []


PARSED = "DBT_PARTIAL_PARSE_FILE_PATH"
"""dbt's variable for a kept parse of the same models, which saves a new data folder some seconds."""


def environment(scratch: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of dbt: that of this process without dbt's variables and the account, and with ``own``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == PARSED or not name.startswith(("DBT_", "MP_SECRET", "MP_USERNAME"))
    }
    return {
        **kept,
        **own,
        # Relative to where dbt runs: with a full path, a parse would be valid for this folder only.
        "MP_DATA_DIR": ".",
        "MP_DBT_TARGET": "engine",
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DO_NOT_TRACK": "1",
        "PYTHONIOENCODING": "utf-8",
    }
