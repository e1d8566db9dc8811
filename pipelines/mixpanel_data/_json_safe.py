"""Converts any Python value to JSON types, for error details that must always reach a log."""

import math
from collections.abc import Mapping, Set
from datetime import date, time
from typing import Any

MAX_DEPTH = 20
MAX_INT_BITS = 10_000  # Python does not print integers beyond 4,300 digits


def json_safe(value: object, _path: tuple[int, ...] = ()) -> Any:
    """Rebuild ``value`` from dict, list, str, int, float, bool and None.

    Keys become text, sets become sorted lists, NaN and infinities become their names; a cycle, or
    anything nested deeper than 20 levels, becomes ``"..."``. Never raises.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= MAX_INT_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if not isinstance(value, Mapping | list | tuple | Set):
        return _text(value)
    if id(value) in _path or len(_path) >= MAX_DEPTH:
        return "..."
    return _container(value, (*_path, id(value)))


def _container(
    value: Mapping[Any, Any] | list[Any] | tuple[Any, ...] | Set[Any], path: tuple[int, ...]
) -> Any:
    if isinstance(value, Mapping):
        return {_text(key): json_safe(item, path) for key, item in value.items()}
    items = [json_safe(item, path) for item in value]
    return sorted(items, key=repr) if isinstance(value, Set) else items


def _text(value: object) -> str:
    if isinstance(value, str):
        text = str.__str__(value)  # a str Enum's own str() is its name
    elif isinstance(value, bytes | bytearray | memoryview):
        text = bytes(value).decode("utf-8", "backslashreplace")
    elif isinstance(value, date | time):  # a datetime is a date
        text = value.isoformat()
    else:
        text = _str(value)
    # JSON can represent a lone surrogate, UTF-8 can't.
    return text.encode("utf-8", "backslashreplace").decode()


def _str(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an object that can't print itself must not hide the error it describes
        return f"<{type(value).__name__}>"
