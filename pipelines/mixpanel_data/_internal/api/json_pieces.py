"""Locates the values in a JSON text that may be invalid or nested too deep to parse.

It looks only at quotes, brackets and commas, and is not recursive.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

# A string with its quotes (an unterminated one reaches to the end), or a character that ends a
# value.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 4_000 else f"\0{digits}"  # Python rejects more than 4,300


DECODER = json.JSONDecoder(strict=False, parse_int=_integer)
"""As lenient as possible: DuckDB decides which values are valid."""

UNREADABLE = (ValueError, RecursionError, IndexError)
"""Exceptions for a text that can't be parsed; IndexError if it ends too early."""


def skip_space(text: str, at: int) -> int:
    """Return the end of the white space at ``at``."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def value_end(text: str, at: int) -> int:
    """Return the end of the value at ``at`` in an array or object, before the next comma or
    bracket.

    Raises:
        ValueError: if the text ends first.
    """
    depth = 0
    for found in _TOKEN.finditer(text, at):
        token = found[0]
        if token in ("[", "{"):
            depth += 1
        elif depth == 0 and token in ("]", "}", ","):
            return found.start()
        elif token in ("]", "}"):
            depth -= 1
    raise ValueError("a value without an end")


def members(text: str, at: int = 0) -> Iterator[tuple[str, int]]:
    """Yield each key of the object at ``at``, and the start of its value.

    Raises one of ``UNREADABLE`` if the object is malformed.
    """
    at = skip_space(text, skip_space(text, at) + 1)  # after "{"
    while text[at] != "}":
        key, at = DECODER.raw_decode(text, at)
        at = skip_space(text, skip_space(text, at) + 1)  # after ":"
        yield key, at
        at = value_end(text, at)
        if text[at] == ",":
            at = skip_space(text, at + 1)


def items(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Yield each value of the array at ``at``, with its start and end; None for an unreadable one.

    The last item is None with an empty range after the last value. Raises one of ``UNREADABLE`` if
    the array has no end.
    """
    at = skip_space(text, at + 1)
    while text[at] != "]":
        parsed: list[Any] = [*_parsed(text, at)]
        end = parsed.pop()
        yield (
            parsed.pop(),
            at,
            end,
        )  # and is not held here: it may be four times as large as the page
        at = skip_space(text, end)
        if text[at] == ",":
            at = skip_space(text, at + 1)
    yield None, at, at


def _parsed(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = DECODER.raw_decode(text, at)
    except UNREADABLE:
        value, end = None, -1
    if end < 0 or text[skip_space(text, end)] not in ",]":
        end = value_end(text, at)
        return None, at + len(text[at:end].rstrip(" \t\n\r"))  # no other space: text may be bytes
    return value, end


def member_value(text: str, name: str) -> Any:
    """Return the value of ``name`` in the object ``text``; None if it can't be parsed."""
    try:
        at = next(at for key, at in members(text) if key == name)
        return DECODER.decode(text[at : value_end(text, at)].strip())
    except (*UNREADABLE, StopIteration):
        return None


def profiles_begin(text: str) -> int:
    """Return the start of the array of profiles in a page of engage.

    Raises one of ``UNREADABLE`` if there is none.
    """
    for key, at in members(text):
        if key == "results" and text[at] == "[":
            return at
    raise ValueError("no array of profiles")


def page_without_profiles(text: str) -> Any:
    """Return a page with null in place of each profile; None if it is not a page.

    Any profile may be unreadable.
    """
    try:
        at = profiles_begin(text)
        *profiles, (_, _, end) = items(text, at)
        return DECODER.decode(f"{text[: at + 1]}{','.join(['null'] * len(profiles))}{text[end:]}")
    except UNREADABLE:
        return None
