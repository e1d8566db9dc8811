"""The log lines of dbt while it runs, and the results of its nodes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GOOD = ("success", "pass", "warn", "no-op")


@dataclass(frozen=True)
class NodeResult:
    """One model, test or hook: its name, its kind (``model``, ``test`` …), dbt's status, seconds, and dbt's message."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str | None = None

    @property
    def ok(self) -> bool:
        """False for a node that failed, or was skipped because another one failed."""
        return self.status in _GOOD


def read_results(path: Path) -> tuple[NodeResult, ...]:
    """Return every node of the run in the order of execution; none if dbt ran none."""
    if not path.exists():
        return ()
    return tuple(_node(*result) for result in json.loads(path.read_bytes()))


def _node(unique_id: str, status: str, seconds: float | None, message: str | None) -> NodeResult:
    kind, _, name = unique_id.split(".", 2)
    if kind == "test":
        name = name.rpartition(".")[0] or name  # dbt appends a hash
    return NodeResult(name, kind, status, seconds or 0.0, message)


def started(line: str) -> str | None:
    """Return ``"model events"`` if this line of dbt's JSON log says that it starts, else None."""
    node = _parsed(line).get("data", {}).get("node_info", {})
    if node.get("node_status") != "started" or node.get("resource_type") == "operation":
        return None
    return f"{node['resource_type']} {node['node_name']}"


_FROM_SCRATCH = "Everything is built from scratch: "
"""The text that the macro ``begin_run`` logs before its reasons."""


def reason_from_scratch(line: str) -> str | None:
    """Return why everything is built from scratch, if this line of dbt's log says so, else None."""
    message = str(_parsed(line).get("info", {}).get("msg") or "")
    return (
        message.removeprefix(_FROM_SCRATCH).rstrip(".")
        if message.startswith(_FROM_SCRATCH)
        else None
    )


def logged_error(line: str) -> str | None:
    """Return the error in this line of dbt's log; None if it is none."""
    info = _parsed(line).get("info", {})
    return info.get("msg") if info.get("level") == "error" else None


def logged_warning(line: str) -> str | None:
    """Return the warning of a macro in this line of dbt's log; None if it is none.

    dbt's own warnings, such as those of unused configuration, are in its log file only.
    """
    info = _parsed(line).get("info", {})
    if info.get("level") != "warn" or info.get("name") != "JinjaLogWarning":
        return None
    return " ".join(str(info.get("msg")).removeprefix("[WARNING]:").split())


def stray_line(line: str) -> str | None:
    """Return this line if it is not of dbt's log, as a traceback is; None if it is."""
    return None if _parsed(line) else line.strip() or None


def _parsed(line: str) -> dict[str, Any]:
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
