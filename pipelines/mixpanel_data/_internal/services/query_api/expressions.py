"""Builds expressions of Mixpanel's language, in which any property name is safe.

Source of the language: Mixpanel's page on segmentation expressions.
"""

import json
import re
from typing import Literal

_LOOKS_UP = re.compile(r"""\b(?:properties|user|event|behaviors)\s*\[\s*["']""")


def property_expression(name: str, of: Literal["properties", "user"] = "properties") -> str:
    """Return the expression for a property of the event, or of its ``user``.

    For instance ``properties["plan"]``, ``user["$email"]``. Quotes, backslashes and line breaks in
    ``name`` are escaped; all else, including emoji, is unchanged.
    """
    # A string of the language is escaped as in JSON; without ensure_ascii an emoji stays one
    # character.
    return f"{of}[{json.dumps(name, ensure_ascii=False)}]"


def as_expression(on: str | None) -> str | None:
    """Return ``on`` as an expression; a text that accesses no property is the name of one."""
    if on is None or _LOOKS_UP.search(on):
        return on
    return property_expression(on)
