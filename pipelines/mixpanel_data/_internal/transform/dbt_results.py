"""The log lines of dbt while it runs, and the results of its nodes."""

import json
import re
import textwrap
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_GOOD = ("success", "pass", "warn", "no-op")


@dataclass(frozen=True)
class NodeResult:
    """One model, test or hook: name, kind (``model``, ``test`` …), dbt's status, seconds and
    message, and the file that defines it."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str | None = None
    file: str | None = None

    @property
    def ok(self) -> bool:
        """False for a node that failed, or was skipped because another one failed."""
        return self.status in _GOOD


def read_results(path: Path) -> tuple[NodeResult, ...]:
    """Return every node of the run in the order of execution; none if dbt ran none."""
    if not path.exists():
        return ()
    return tuple(_node(*result) for result in json.loads(path.read_bytes()))


def _node(
    unique_id: str,
    status: str,
    seconds: float | None,
    message: str | None,
    file: str | None = None,
) -> NodeResult:
    kind, _, name = unique_id.split(".", 2)
    if kind == "test":
        name = name.rpartition(".")[0] or name  # dbt appends a hash
    return NodeResult(name, kind, status, seconds or 0.0, message, file)


WIDTH = 98
SHOWN_LINES = 12
"""Lines of one reason; the log has all."""

_HEADING = re.compile(r"Encountered an error:|(\w+ Error in \w+ \S+ \(.*\))")
"""Lines of dbt before a reason, which repeat the model and its file."""


def failure_lines(node: NodeResult) -> list[str]:
    """Return a failed node as lines: kind, name and file, and below them the reason, wrapped."""
    file = f" ({node.file})" if node.file else ""
    return [f"{node.kind} {node.name}{file}", *reason_lines(node.message or "no reason was given")]


def reason_lines(message: str) -> list[str]:
    """Return a message of dbt as indented lines, without empty ones; lines of SQL keep their own
    indentation."""
    lines: list[str] = []
    for line in message.strip().splitlines():
        if _HEADING.fullmatch(line.strip()):
            continue
        indent = " " * min(len(line) - len(line.lstrip()), WIDTH // 2)
        lines += textwrap.wrap(
            line.strip(),
            WIDTH,
            initial_indent=f"    {indent}",
            subsequent_indent=f"    {indent}",
            break_long_words=False,
            break_on_hyphens=False,
        )
    more = len(lines) - SHOWN_LINES
    return lines[:SHOWN_LINES] + ([f"    … and {more} more lines"] if more > 0 else [])


class LineKind(Enum):
    """What a line that dbt prints reports."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REBUILD = "rebuild"
    WARNING = "warning"
    ERROR = "error"
    UNSTRUCTURED = "unstructured"


_REBUILD = "Everything is built from scratch: "
"""The text that the macro ``begin_run`` logs before its reasons."""


def parse_log_line(line: str) -> tuple[LineKind, str] | None:
    """Return the kind and the text of a line that dbt prints; None for one of no interest.

    The text is ``model events`` for a node that starts or ended, the reason for a full rebuild, the message
    for a macro's warning or an error, and the line itself if it is not of dbt's JSON log, as those
    of a traceback. dbt's own warnings, such as of unused configuration, are in its log file only.
    """
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or not parsed:
        text = line.strip()
        return (LineKind.UNSTRUCTURED, text) if text else None
    node, info = parsed.get("data", {}).get("node_info", {}), parsed.get("info", {})
    # Hooks are operations, and their number and order mean nothing to a user.
    if node and node.get("resource_type") != "operation":
        text = f"{node.get('resource_type')} {node.get('node_name')}"
        if node.get("node_status") == "started":
            return LineKind.STARTED, text
        if info.get("name") == "NodeFinished":
            ok = node.get("node_status") in _GOOD
            return LineKind.SUCCEEDED if ok else LineKind.FAILED, text
    message, level = str(info.get("msg") or ""), info.get("level")
    if message.startswith(_REBUILD):
        return LineKind.REBUILD, message.removeprefix(_REBUILD).rstrip(".")
    if level == "warn" and info.get("name") == "JinjaLogWarning":
        return LineKind.WARNING, " ".join(message.removeprefix("[WARNING]:").split())
    if level == "error" and message:
        return LineKind.ERROR, message
    return None
