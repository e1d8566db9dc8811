"""What DuckDB's errors about SQL mean here, and what to write instead."""

import re

_OUTSIDE = re.compile(
    "file system operations are disabled by configuration|the configuration has been locked|"
    "extensions is disabled through configuration"
)
_READ_ONLY = "attached in read-only mode"
_PATH = re.compile(r"JSON path error near '(.*)'", re.DOTALL)
_DOLLAR_NAME = re.compile(r"'(\$(?:[^']|'')*)'")


def explain(message: str, sql: str) -> str:
    """Return what to tell about ``sql``, of which DuckDB reported ``message``."""
    if hint := _hint(message, sql):
        return f"The SQL can't be run: {hint} DuckDB's message: {message}"
    return f"The SQL can't be run: {message}"


def _hint(message: str, sql: str) -> str:
    if _OUTSIDE.search(message):
        return (
            "it may read the tables and nothing else, so it can't read or write files, attach "
            "databases, load extensions or change settings."
        )
    if _READ_ONLY in message:
        return "these tables can be read, and not changed."
    if near := _PATH.search(message):
        return _property_hint(near[1], sql)
    return ""


def _property_hint(near: str, sql: str) -> str:
    names = [name for name in _DOLLAR_NAME.findall(sql) if name.replace("''", "'").endswith(near)]
    name = names[0] if names else "$name"
    return f"a name that starts with $ is a path in DuckDB: use prop(properties, '{name}')."
