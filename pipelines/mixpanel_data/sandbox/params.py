"""Reading request parameters, and refusing bad ones the way Mixpanel does: with a 400 that names the parameter."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from mixpanel_data.sandbox.errors import RefusedError

Fields = Mapping[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_range(fields: Fields, today: date) -> tuple[date, date]:
    """``from_date`` and ``to_date``, both included; the range may end today but not later."""
    first, last = _date(fields, "from_date"), _date(fields, "to_date")
    if last > today:
        raise RefusedError(400, "to_date cannot be later than today")
    if first > last:
        raise RefusedError(400, "from_date cannot be later than to_date")
    return first, last


def integer(fields: Fields, name: str) -> int | None:
    """A non-negative number, or None if it is not given."""
    value = str(fields.get(name, ""))
    if not value:
        return None
    if not re.fullmatch(r"\d{1,18}", value):
        raise RefusedError(400, f"{name} must be a non-negative integer: {value!r}")
    return int(value)


def boolean(fields: Fields, name: str, *, default: bool) -> bool:
    """``true`` or ``false`` in any case, also ``1`` and ``0``."""
    value = str(fields.get(name, default)).lower()
    if value not in ("true", "false", "1", "0"):
        raise RefusedError(400, f"{name} must be true or false: {value!r}")
    return value in ("true", "1")


def json_list(fields: Fields, name: str) -> list[Any] | None:
    """A JSON array sent as text, or one in a JSON body; None if it is not given."""
    value = fields.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list):
        raise RefusedError(400, f"{name} must be a JSON array")
    return value


def _date(fields: Fields, name: str) -> date:
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
