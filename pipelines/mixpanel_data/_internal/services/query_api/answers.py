"""Common parts of query API responses, parsed leniently: missing values are zero or empty."""

import math
import re
from collections.abc import Iterable
from typing import Any

from mixpanel_data.exceptions import APIError

Number = int | float
Series = dict[str, dict[str, Number]]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def require_object(answer: Any, *path: str) -> dict[str, Any]:
    """Return the object at ``path``. Raise APIError if there is none."""
    found = answer
    for key in path:
        # A list or a text on the way counts as missing, like a key that is not there.
        found = as_object(found).get(key)
    if not isinstance(found, dict):
        raise _unexpected(f"no {'.'.join(path)}" if path else "not a JSON object")
    return found


def require_objects(answer: Any, *keys: str) -> list[dict[str, Any]]:
    """Return the objects of a list.

    Raise APIError for anything else, and for objects without one of ``keys``.
    """
    for item in require_list(answer):
        if not isinstance(item, dict) or any(item.get(key) is None for key in keys):
            raise _unexpected(f"not a list of objects with {' and '.join(keys) or 'keys'}")
    return list(answer)


def require_list(answer: Any) -> list[Any]:
    """Return a list. Raise APIError for anything else."""
    if not isinstance(answer, list):
        raise _unexpected("not a list")
    return answer


def as_object(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for any other type."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for any other type."""
    return value if isinstance(value, list) else []


def as_number(value: Any) -> Number:
    """Return a finite number; 0 for anything else."""
    # NaN and the infinities would make every sum of the report NaN.
    return value if isinstance(value, int | float) and math.isfinite(value) else 0


def optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def parse_series(answer: Any, *, zeros: bool, expected: Iterable[str] = ()) -> Series:
    """Return ``data.values`` by segment and date, ``expected`` segments first, oldest date first.

    ``zeros`` adds the dates of ``data.series`` that a segment lacks: Mixpanel omits counts of 0.
    """
    # An event that never occurred has no entry in the answer, and is to be shown with zeros.
    values = {segment: {} for segment in expected} | require_object(answer, "data", "values")
    dates = as_list(require_object(answer, "data").get("series"))
    nothing = dict.fromkeys(map(str, dates), 0) if zeros else {}
    return {
        segment: numbers_by_date({**nothing, **as_object(counts)})
        for segment, counts in values.items()
    }


def numbers_by_date(by_date: dict[str, Any]) -> dict[str, Number]:
    """Return the numbers, oldest first."""
    return {day: as_number(by_date[day]) for day in sorted(by_date)}


def entries_by_date(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the entries with a date as key, oldest first, without totals such as ``$overall``."""
    # ISO dates sort as texts.
    return {key: answer[key] for key in sorted(answer) if _DATE.match(key)}


def any_nonzero(counts: Iterable[dict[str, Number]]) -> bool:
    """Return True if any number is not 0."""
    return any(any(by_date.values()) for by_date in counts)


def _unexpected(fault: str) -> APIError:
    return APIError(f"Mixpanel's response differs from its documentation: {fault}.")
