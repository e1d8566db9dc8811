"""Repairs lines that a JSON parser rejects because of single characters.

Mixpanel cuts texts to 255 bytes (developer.mixpanel.com, property reference), so half an emoji is
common, and it does not promise to escape control characters. Neither should lose an event.
"""

import re

_BYTE_ORDER_MARK = "\ufeff"
# A string with its quotes; an unterminated one reaches to the end of the line.
_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
# The numbers that other writers of JSON have, beside strings, which are matched to be kept.
_NOT_FINITE = re.compile(rf"{_TEXT.pattern}|-?(?:NaN|Infinity)", re.DOTALL)
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_PAIR = rf"\\u[dD][89abAB][0-9a-fA-F]{{2}}{_LOW}"
_HALF = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
# A complete pair and any other escape are first, so that they match and are not changed.
_CHARACTER = re.compile(rf"{_PAIR}|({_HALF})|\\.|([\x00-\x1f])", re.DOTALL)


def repair_line(line: bytes) -> bytes:
    """Replace the characters of ``line`` that JSON can't contain.

    Half a surrogate pair and bytes that are not UTF-8 become U+FFFD. A raw control character in a
    string becomes its escape, which has the same meaning. NaN and the infinities become null. A
    byte order mark is removed. Everything else is unchanged.
    """
    text = line.decode("utf-8", "replace").removeprefix(_BYTE_ORDER_MARK)
    finite = _NOT_FINITE.sub(lambda found: found[0] if found[0][0] == '"' else "null", text)
    return _TEXT.sub(lambda found: _CHARACTER.sub(_replacement, found[0]), finite).encode()


def _replacement(found: re.Match[str]) -> str:
    if found[1]:
        return r"\ufffd"
    return f"\\u{ord(found[2]):04x}" if found[2] else found[0]


def is_complete_object(line: bytes) -> bool:
    """Return True if ``line`` ends where its JSON object ends. No prefix of an object does."""
    text = line.strip().decode("utf-8", "replace")
    if not (text.startswith("{") and text.endswith("}")):
        return False
    rest = _TEXT.sub(lambda found: "" if found[1] else '"', text)
    opened = rest.count("{") + rest.count("[")
    return '"' not in rest and opened == rest.count("}") + rest.count("]")
