"""The parts that answers of the query API have in common, read leniently: what is missing is zero
or none."""

import math
import re
from collections.abc import Iterable
from typing import Any

from mixpanel_data.exceptions import APIError

Number = int | float
Series = dict[str, dict[str, Number]]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def member(answer: Any, *path: str) -> dict[str, Any]:
    """The object at ``path``. Raises APIError when there is none."""
    found = answer
    for key in path:
        found = mapping(found).get(key)
    if not isinstance(found, dict):
        raise _unlike(f"no {'.'.join(path)}" if path else "not a JSON object")
    return found


def items(answer: Any, *keys: str) -> list[dict[str, Any]]:
    """The objects of a list. Raises APIError for anything else, and for objects that lack one of
    ``keys``."""
    for item in listed(answer):
        if not isinstance(item, dict) or any(item.get(key) is None for key in keys):
            raise _unlike(f"not a list of objects with {' and '.join(keys) or 'keys'}")
    return list(answer)


def listed(answer: Any) -> list[Any]:
    """A list. Raises APIError for anything else."""
    if not isinstance(answer, list):
        raise _unlike("not a list")
    return answer


def mapping(value: Any) -> dict[str, Any]:
    """An object; what is none is empty."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A list; what is none is empty."""
    return value if isinstance(value, list) else []


def number(value: Any) -> Number:
    """A number; what is none counts 0."""
    return value if isinstance(value, int | float) and math.isfinite(value) else 0


def optional_text(value: Any) -> str | None:
    return None if value is None else str(value)


def series(answer: Any, *, zeros: bool, expected: Iterable[str] = ()) -> Series:
    """``data.values``, ``expected`` segments first, the dates of each segment oldest first.

    ``zeros`` adds the dates that ``data.series`` has and a segment lacks: Mixpanel leaves out what
    did not happen.
    """
    values = {segment: {} for segment in expected} | member(answer, "data", "values")
    dates = sequence(member(answer, "data").get("series"))
    nothing = dict.fromkeys(map(str, dates), 0) if zeros else {}
    return {segment: numbers({**nothing, **mapping(counts)}) for segment, counts in values.items()}


def numbers(by_date: dict[str, Any]) -> dict[str, Number]:
    """The numbers, oldest first."""
    return {day: number(by_date[day]) for day in sorted(by_date)}


def dated(answer: dict[str, Any]) -> dict[str, Any]:
    """What belongs to dates, oldest first. Mixpanel puts totals such as ``$overall`` beside them."""
    return {key: answer[key] for key in sorted(answer) if _DATE.match(key)}


def happened(counts: Iterable[dict[str, Number]]) -> bool:
    """Whether any number is not 0."""
    return any(any(by_date.values()) for by_date in counts)


def _unlike(fault: str) -> APIError:
    return APIError(f"Mixpanel's answer is not what its documentation says: {fault}.")
