"""A Spark session in a process of its own, for one task: Java's output and memory stay there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mixpanel_data._internal.engine.session import (
    CATALOG,
    SETTINGS,
    Session,
    open_session,
    session_error,
)
from mixpanel_data._internal.settings import without_password
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

_PROGRAM = "from mixpanel_data._internal.engine.apart import main; main()"

Answer = dict[str, Any]


def run_apart(
    settings: Mapping[str, str], task: Mapping[str, Any], timeout: float | None
) -> Answer:
    """Do ``task`` in a new process with a session of ``settings``, and return what it found.

    A task is ``{"probe": table}``, see :func:`_probe`, or ``{"sql": …}``, see :func:`_select`.

    Raises:
        ConfigError: if there is no Spark session, or Spark refused the task.
        TimeoutError: if it took longer than ``timeout`` seconds.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM],
            env={**os.environ, SETTINGS: json.dumps(dict(settings))},
            input=json.dumps(dict(task)),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    found = None
    for line in done.stdout.splitlines():  # others may print, too
        with suppress(ValueError):
            found = json.loads(line)
    if not isinstance(found, dict):
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        cause = without_password(lines[-1]) if lines else f"it ended with {done.returncode}"
        raise ConfigError(f"The process with the Spark session gave no answer: {cause}")
    if "error" in found:
        raise ConfigError(without_password(str(found["error"])))
    return found


def main() -> None:
    """Read a task from standard input, and print its answer as JSON: the program of the process."""
    task = json.load(sys.stdin)
    try:
        session = open_session(json.loads(os.environ.pop(SETTINGS)))
        print(json.dumps(_do(session, task), default=str))
    except MixpanelDataError as error:
        print(json.dumps({"error": str(error)}))


def _do(session: Session, task: Answer) -> Answer:
    try:
        return _probe(session, task["probe"]) if "probe" in task else _select(session, **task)
    # Errors of Spark have no common class that can be imported without it.
    except Exception as error:
        raise session_error(error) from error


def _probe(session: Session, table: str) -> Answer:
    """Read a table with a column ``number``, and add a row."""
    name = f"{CATALOG}.{table}"
    rows = session.table(name).count()
    session.sql(f"insert into {name} values (2)")
    master = session.conf.get("spark.master", "a server")
    return {"version": session.version, "master": master, "rows": rows}


def _select(session: Session, sql: str, views: Mapping[str, str], limit: int | None) -> Answer:
    """Run a query of Spark over temporary views; ``views`` are their queries by name."""
    for name, query in views.items():
        session.sql(f"create or replace temporary view `{name}` as {query}")
    found = session.sql(sql)
    if limit is not None:
        found = found.limit(limit)
    rows = [list(row) for row in found.collect()]
    return {"columns": found.columns, "types": [kind for _, kind in found.dtypes], "rows": rows}
