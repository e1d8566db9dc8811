"""Parses JSON objects that DuckDB has accepted."""

import json
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

TOO_DEEP = "nested deeper than Python can read"
"""The reason for an object that DuckDB can read, and Python can't."""


def parse_record(text: str | bytes) -> Record | None:
    """Return the object; None if it is nested deeper than Python's parser can read."""
    try:
        return _object(json.loads(text))
    except RecursionError:
        return None
    except ValueError:  # an integer of more than 4,300 digits
        return _object(json.loads(text, parse_int=lambda digits: int(Decimal(digits))))


def _object(found: Any) -> Record:
    if not isinstance(found, dict):
        raise TypeError(f"a {type(found).__name__} is not a record")
    return found
