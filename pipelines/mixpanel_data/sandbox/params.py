"""Parses request parameters, and rejects bad ones like Mixpanel: with a 400 that names them."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from mixpanel_data.sandbox.errors import RefusedError

Fields = Mapping[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_range(fields: Fields, today: date) -> tuple[date, date]:
    """Return ``from_date`` and ``to_date``, both included; the range may end today but not
    later."""
    first, last = day(fields, "from_date"), day(fields, "to_date")
    if last > today:
        raise RefusedError(400, "to_date cannot be later than today")
    if first > last:
        raise RefusedError(400, "from_date cannot be later than to_date")
    return first, last


def integer(fields: Fields, name: str) -> int | None:
    """Return a non-negative number, or None if it is not given."""
    value = str(fields.get(name, ""))
    if not value:
        return None
    if not re.fullmatch(r"\d{1,18}", value):
        raise RefusedError(400, f"{name} must be a non-negative integer: {value!r}")
    return int(value)


def text(fields: Fields, name: str) -> str:
    """Return a required, non-empty text."""
    value = fields.get(name)
    if value in (None, ""):
        raise RefusedError(400, f"{name} is required")
    return str(value)


def choice(fields: Fields, name: str, allowed: Collection[str], default: str | None = None) -> str:
    """Return one of the allowed words; required without a default."""
    value = text(fields, name) if default is None else str(fields.get(name) or default)
    if value not in allowed:
        raise RefusedError(400, f"{name} must be one of {', '.join(allowed)}: {value!r}")
    return value


def positive(fields: Fields, name: str, default: int, most: int | None = None) -> int:
    """Return a number from 1 to ``most``."""
    value = integer(fields, name)
    value = default if value is None else value
    if value < 1:
        raise RefusedError(400, f"{name} must be at least 1")
    if most is not None and value > most:
        raise RefusedError(400, f"{name} cannot be over {most}")
    return value


def boolean(fields: Fields, name: str, *, default: bool) -> bool:
    """Return ``true`` or ``false`` in any case, or ``1`` and ``0``, as a bool."""
    value = str(fields.get(name, default)).lower()
    if value not in ("true", "false", "1", "0"):
        raise RefusedError(400, f"{name} must be true or false: {value!r}")
    return value in ("true", "1")


def json_list(fields: Fields, name: str) -> list[Any] | None:
    """Return a JSON array sent as text or in a JSON body; None if it is not given."""
    value = fields.get(name)
    if value in (None, ""):
        return None
    value = _decoded(value)
    if not isinstance(value, list):
        raise RefusedError(400, f"{name} must be a JSON array")
    return value


def json_object(fields: Fields, name: str) -> dict[str, Any]:
    """Return a JSON object sent as text or in a JSON body."""
    value = _decoded(fields.get(name))
    if not isinstance(value, dict):
        raise RefusedError(400, f"{name} must be a JSON object")
    return value


def _decoded(value: Any) -> Any:
    """Return the value of a JSON text, None if it is invalid; other types unchanged."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None


def day(fields: Fields, name: str) -> date:
    """Return a required date of the form yyyy-mm-dd, not before 2000."""
    text = fields.get(name)
    if not text:
        raise RefusedError(400, f"{name} is required")
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        parsed = date.fromisoformat(text)
    except ValueError:
        raise RefusedError(400, f"{name} is not a date of the form yyyy-mm-dd: {text!r}") from None
    if parsed.year < 2000:
        raise RefusedError(400, f"{name} is an invalid date: {text!r}")
    return parsed
