"""Quotes values and names for SQL."""

from datetime import datetime
from pathlib import Path


def literal(value: str | Path) -> str:
    """Return ``value`` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(*names: str) -> str:
    """Return a quoted name: ``"schema"."table"`` for two names."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def timestamp(value: datetime) -> str:
    """Return ``value``, a naive UTC time, as an SQL timestamp."""
    return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
