"""Arguments of queries, put right or refused before a request is spent on them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from mixpanel_data._internal.text import parse_day
from mixpanel_data.exceptions import ConfigError

Day = date | str
"""A date, or one written as ``YYYY-MM-DD``."""


class DayRange(NamedTuple):
    """The first and the last day, ``YYYY-MM-DD``, both included."""

    first: str
    last: str


def day_range(from_date: Day, to_date: Day) -> DayRange:
    """Both as Mixpanel writes them. Raises ConfigError when one is no date or ``to_date`` comes
    first."""
    first, last = _day("from_date", from_date), _day("to_date", to_date)
    if first > last:
        raise ConfigError(f"from_date {first} is after to_date {last}. Swap them.")
    return DayRange(first.isoformat(), last.isoformat())


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """``value``. Raises ConfigError, naming what is ``allowed``, when it is something else."""
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}. It may be {', '.join(allowed)}.")
    return value


def at_most(name: str, value: int | None, most: int | None = None) -> int | None:
    """``value``, from 1 to ``most``; None stays None. Raises ConfigError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} is {value!r}. It must be a whole number.")
    if value < 1 or (most is not None and value > most):
        allowed = "at least 1" if most is None else f"from 1 to {most:,}"
        raise ConfigError(f"{name} is {value}. It must be {allowed}.")
    return value


def no_hourly_uniques(type: str, unit: str) -> None:
    """Raises ConfigError for users counted by the hour or minute, which Mixpanel does not do (its
    query OpenAPI file)."""
    if type == "unique" and unit in ("hour", "minute"):
        raise ConfigError(f"Mixpanel does not count unique users by {unit}. Use the unit day.")


def _day(name: str, value: Day) -> date:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)  # a datetime without its time
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name} is {value!r}, which is neither a date nor a text.")
    day = parse_day(value)
    if day is None:
        raise ConfigError(f"{name} is empty. Write it as YYYY-MM-DD, for instance 2026-01-31.")
    return day
