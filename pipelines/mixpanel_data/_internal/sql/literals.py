"""Values and names, written into SQL."""

from datetime import datetime
from pathlib import Path


def literal(value: str | Path) -> str:
    """``value`` as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def timestamp(value: datetime) -> str:
    """``value``, a naive UTC time, as an SQL timestamp."""
    return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
