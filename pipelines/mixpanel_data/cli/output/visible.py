r"""Shows names without letting them control the terminal.

Anyone who can send events to a project chooses names. Written to a terminal, an escape sequence in
one could move the cursor, rename a link or fill the clipboard. Here it is shown: ``\x1b]52;c;…``.
"""

import re

# Control characters but for line break and tab; marks that reverse the direction of text; half
# characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# Those that JSON does not escape.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return ``text`` with ``\x1b`` and ``\u202e`` in place of invisible control characters."""
    return _INVISIBLE.sub(_shown, text)


def visible_json(text: str) -> str:
    """Return the same JSON with every such character escaped."""
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
