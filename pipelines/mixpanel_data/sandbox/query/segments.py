"""Property values as names of segments (docs/definitions.md, section 11)."""

from collections.abc import Iterable

from mixpanel_data.sandbox.expressions.values import UNDEFINED, to_string
from mixpanel_data.sandbox.records import encode_json

NOT_SET = "(not set)"
EMPTY = "(empty string)"


def segments_of(value: object) -> list[str]:
    """Return the segments of a value: a list counts once under each of its items."""
    if isinstance(value, list):
        return distinct(map(name_of, value)) or [NOT_SET]
    return [name_of(value)]


def name_of(value: object) -> str:
    """Return the name of a segment: null and missing are one, the empty text another; objects are
    JSON."""
    if value is UNDEFINED or value is None:
        return NOT_SET
    if value == "":
        return EMPTY
    if isinstance(value, list | dict):
        return _json(value)
    return str(to_string(value))


def _json(value: object) -> str:
    try:
        return encode_json(value).decode()
    except TypeError:  # a list written in the expression, with something undefined in it
        return NOT_SET


def distinct(names: Iterable[str]) -> list[str]:
    """Return each name once, in order of appearance."""
    return list(dict.fromkeys(names))
