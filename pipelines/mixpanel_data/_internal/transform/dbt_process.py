"""dbt in a separate process, since it has DuckDB's file lock until its interpreter ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.transform.dbt_results import LineKind, parse_log_line

# The child ends when its standard input does, so that no dbt writes after the process that has the
# lock is dead. It writes what `dbt_results` reads: dbt's own files have all of the manifest, twice,
# and take a tenth of the time of a small build. So did the garbage collector: most of what dbt
# creates is needed until it ends. So did dbt's logger on standard output, which formats each of the
# thousands of events before it looks at their level; a callback prints the few that
# `parse_log_line` reads, each with its line break in one call, or those of two threads would mix.
_RUN = """
import gc, json, os, sys, threading
gc.disable()
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
if settings := os.environ.pop("MP_SPARK_SETTINGS", None):
    from mixpanel_data._internal.engine.session import prepare_dbt
    prepare_dbt(json.loads(settings))
from dbt.cli.main import dbtRunner
from dbt_common.events.functions import msg_to_json
NAMES = ("NodeStart", "NodeFinished", "JinjaLogInfo", "JinjaLogWarning")
def report(event):
    if event.info.level == "error" or event.info.name in NAMES:
        print(msg_to_json(event) + "\\n", end="", flush=True)
options = ["--log-level", "none"]
if not os.environ.pop("MP_DBT_ARTIFACTS", None):
    options += ["--no-write-json"]
done = dbtRunner(callbacks=[report]).invoke([*sys.argv[2:], *options])
results = [
    [r.node.unique_id, r.status, r.execution_time, r.message,
     getattr(r.node, "original_file_path", None)]
    for r in getattr(done.result, "results", ())
]
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
def write(path, content):
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(file.name, path)
if settings:
    write(os.path.join(os.path.dirname(sys.argv[1]), "tables.json"), [
        {"schema": r.node.schema, "name": r.node.alias, "description": r.node.description,
         "columns": {c.name: [c.data_type, c.description] for c in r.node.columns.values()}}
        for r in getattr(done.result, "results", ())
        if r.node.resource_type == "model" and r.node.config.materialized != "ephemeral"
    ])
write(sys.argv[1], results)
sys.exit(not done.success)
"""


@dataclass(frozen=True)
class LogListener:
    """What is called for lines of dbt's log while it runs.

    ``on_start`` is called with each node that starts, such as ``model events``, ``on_rebuild`` with
    the reason of a full rebuild, ``on_warning`` with each warning of a macro, and ``on_end`` with
    each node that ended, and whether it succeeded.
    """

    on_start: Callable[[str], None]
    on_rebuild: Callable[[str], None]
    on_warning: Callable[[str], None]
    on_end: Callable[[str, bool], None] = lambda _what, _ok: None


def run_dbt(
    arguments: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    results: Path,
    listener: LogListener,
) -> list[str]:
    """Run dbt over the data folder, and return its error messages: none if it succeeded.

    The results of the nodes are in the file ``results`` afterwards, unless the child was killed.
    """
    # -P: dbt must not import a module of the data folder, which is the current one.
    command = [sys.executable, "-P", "-c", _RUN, str(results), *arguments]
    errors: list[str] = []
    unstructured: list[str] = []  # a traceback; or what a library prints when an interpreter ends
    receivers = {
        LineKind.STARTED: listener.on_start,
        LineKind.SUCCEEDED: lambda what: listener.on_end(what, True),
        LineKind.FAILED: lambda what: listener.on_end(what, False),
        LineKind.REBUILD: listener.on_rebuild,
        LineKind.WARNING: listener.on_warning,
        LineKind.ERROR: errors.append,
        LineKind.UNSTRUCTURED: unstructured.append,
    }
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
                if parsed := parse_log_line(line):
                    kind, text = parsed
                    receivers[kind](text)
        except BaseException:
            # Also after Ctrl-C: dbt must not write on without its parent, which frees the lock.
            child.kill()
            raise
    return errors or unstructured or ["dbt gave no reason."] if child.returncode else []


PARTIAL_PARSE = "DBT_PARTIAL_PARSE_FILE_PATH"
"""dbt's variable for a saved parse of the same models, which saves a new data folder some seconds.
"""


def dbt_environment(
    scratch: Path, own: Mapping[str, str], target: str = "engine"
) -> dict[str, str]:
    """Return the environment of dbt: this process's without dbt's variables and the account, and
    with ``own``. ``target`` is one of the profile."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == PARTIAL_PARSE or not name.startswith(("DBT_", "MP_SECRET", "MP_USERNAME"))
    }
    return {
        **kept,
        **own,
        # Relative to dbt's current folder. With a full path, a saved parse would be valid for this
        # folder only, since dbt discards it when a variable of the profile has another value.
        "MP_DATA_DIR": ".",
        "MP_DBT_TARGET": target,
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DO_NOT_TRACK": "1",
        "PYTHONIOENCODING": "utf-8",
    }
