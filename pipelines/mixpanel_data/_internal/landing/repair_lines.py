"""Lines that a JSON parser refuses for single characters, as lines that it reads.

Mixpanel cuts texts to 255 bytes (developer.mixpanel.com, property reference), so half an emoji is
common, and it does not promise to escape control characters. Neither is a reason to lose an event.
"""

import re

_BYTE_ORDER_MARK = "\ufeff"
# A text with its quotes; one that has no end reaches to the end of the line.
_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
_LOW = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_PAIR = rf"\\u[dD][89abAB][0-9a-fA-F]{{2}}{_LOW}"
_HALF = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
# A whole pair and any other escape come first, so that they are passed over.
_CHARACTER = re.compile(rf"{_PAIR}|({_HALF})|\\.|([\x00-\x1f])", re.DOTALL)


def repaired(line: bytes) -> bytes:
    """``line`` with the characters that JSON can't hold replaced.

    Half a surrogate pair and bytes that are not UTF-8 become U+FFFD. A raw control character in a
    text becomes its escape, which means the same. A byte order mark is removed. What is not
    repairable this way stays as it is.
    """
    text = line.decode("utf-8", "replace").removeprefix(_BYTE_ORDER_MARK)
    return _TEXT.sub(lambda found: _CHARACTER.sub(_replacement, found[0]), text).encode()


def _replacement(found: re.Match[str]) -> str:
    if found[1]:
        return r"\ufffd"
    return f"\\u{ord(found[2]):04x}" if found[2] else found[0]


def is_closed(line: bytes) -> bool:
    """Whether ``line`` ends where its JSON object ends. No beginning of an object does."""
    text = line.strip().decode("utf-8", "replace")
    if not (text.startswith("{") and text.endswith("}")):
        return False
    rest = _TEXT.sub(lambda found: "" if found[1] else '"', text)
    opened = rest.count("{") + rest.count("[")
    return '"' not in rest and opened == rest.count("}") + rest.count("]")
