"""JSON objects that DuckDB has read, as Python's."""

import json
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

NESTED = "nested deeper than Python can read"
"""Why an object that DuckDB can read is none in Python."""


def parsed(text: str | bytes) -> Record | None:
    """The object; None for one that is nested deeper than Python's parser goes."""
    try:
        return _object(json.loads(text))
    except RecursionError:
        return None
    except ValueError:  # an integer of more than 4,300 digits
        return _object(json.loads(text, parse_int=lambda digits: int(Decimal(digits))))


def _object(found: Any) -> Record:
    if not isinstance(found, dict):
        raise TypeError(f"a {type(found).__name__} is no record")
    return found
