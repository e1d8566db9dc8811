"""Where the values of a JSON text begin and end, also where the text is not valid JSON or is nested
too deep to parse.

Only quotes, brackets and commas are looked at, and nothing is recursive.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

# A text with its quotes (one that has no end reaches to the end), or a character that says where a
# value ends.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 4_000 else f"\0{digits}"  # Python refuses more than 4,300


DECODER = json.JSONDecoder(strict=False, parse_int=_integer)
"""As lenient as can be: what a value may be is for DuckDB to say."""

UNREADABLE = (ValueError, RecursionError, IndexError)
"""What is raised for a text that can't be parsed; IndexError where it ends too early."""


def skip(text: str, at: int) -> int:
    """Where the white space at ``at`` ends."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def value_end(text: str, at: int) -> int:
    """Where the value at ``at``, in an array or object, ends: before the comma or bracket behind
    it.

    Raises:
        ValueError: the text ends first.
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
    """Each key of the object at ``at``, and where its value begins. Raises one of ``UNREADABLE``
    where it is broken."""
    at = skip(text, skip(text, at) + 1)  # behind "{"
    while text[at] != "}":
        key, at = DECODER.raw_decode(text, at)
        at = skip(text, skip(text, at) + 1)  # behind ":"
        yield key, at
        at = value_end(text, at)
        if text[at] == ",":
            at = skip(text, at + 1)


def items(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Each value of the array at ``at``, with its begin and end; None for one that can't be parsed.

    The last is None with the begin and end of nothing, behind the last value. Raises one of
    ``UNREADABLE`` where the array has no end.
    """
    at = skip(text, at + 1)
    while text[at] != "]":
        parsed: list[Any] = [*_parsed(text, at)]
        end = parsed.pop()
        yield (
            parsed.pop(),
            at,
            end,
        )  # and is not held here: it may be four times as large as the page
        at = skip(text, end)
        if text[at] == ",":
            at = skip(text, at + 1)
    yield None, at, at


def _parsed(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = DECODER.raw_decode(text, at)
    except UNREADABLE:
        value, end = None, -1
    if end < 0 or text[skip(text, end)] not in ",]":
        end = value_end(text, at)
        return None, at + len(text[at:end].rstrip())
    return value, end


def member(text: str, name: str) -> Any:
    """The value of ``name`` in the object ``text``, None where it can't be parsed."""
    try:
        at = next(at for key, at in members(text) if key == name)
        return DECODER.decode(text[at : value_end(text, at)].strip())
    except (*UNREADABLE, StopIteration):
        return None


def profiles_begin(text: str) -> int:
    """Where the array of profiles begins in a page of engage. Raises one of ``UNREADABLE`` where
    there is none."""
    for key, at in members(text):
        if key == "results" and text[at] == "[":
            return at
    raise ValueError("no array of profiles")


def page_without_profiles(text: str) -> Any:
    """What a page says, null in the place of each profile; None if it is no page. Any profile may
    be unreadable."""
    try:
        at = profiles_begin(text)
        *profiles, (_, _, end) = items(text, at)
        return DECODER.decode(f"{text[: at + 1]}{','.join(['null'] * len(profiles))}{text[end:]}")
    except UNREADABLE:
        return None
