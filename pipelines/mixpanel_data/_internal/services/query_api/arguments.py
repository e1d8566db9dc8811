"""Validates the arguments of queries before a request is sent."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from mixpanel_data._internal.text import parse_day
from mixpanel_data.exceptions import ConfigError

Day = date | str
"""A date, or a text like ``YYYY-MM-DD``."""


class DayRange(NamedTuple):
    """The first and the last day, ``YYYY-MM-DD``, both included."""

    first: str
    last: str


def day_range(from_date: Day, to_date: Day) -> DayRange:
    """Return both days in Mixpanel's format. Raise ConfigError for an invalid date or order."""
    first, last = _day("from_date", from_date), _day("to_date", to_date)
    if first > last:
        raise ConfigError(f"from_date {first} is after to_date {last}. Swap them.")
    return DayRange(first.isoformat(), last.isoformat())


def require_choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return ``value``. Raise ConfigError, listing the ``allowed`` values, for any other."""
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}. It may be {', '.join(allowed)}.")
    return value


def require_at_most(name: str, value: int | None, most: int | None = None) -> int | None:
    """Return ``value`` from 1 to ``most``, or None. Raise ConfigError for anything else."""
    if value is None:
        return None
    # True is an int in Python, and would be sent as 1.
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} is {value!r}. It must be a whole number.")
    if value < 1 or (most is not None and value > most):
        allowed = "at least 1" if most is None else f"from 1 to {most:,}"
        raise ConfigError(f"{name} is {value}. It must be {allowed}.")
    return value


def reject_hourly_uniques(type: str, unit: str) -> None:
    """Raise ConfigError for unique users by hour or minute.

    Mixpanel does not count those (its query OpenAPI file).
    """
    if type == "unique" and unit in ("hour", "minute"):
        raise ConfigError(f"Mixpanel does not count unique users by {unit}. Use the unit day.")


def _day(name: str, value: Day) -> date:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)  # drops the time of a datetime
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name} is {value!r}, which is neither a date nor a text.")
    day = parse_day(value)
    if day is None:
        raise ConfigError(f"{name} is empty. Write it as YYYY-MM-DD, for instance 2026-01-31.")
    return day
