"""Mixpanel's expressions, written so that any name is safe in them.

Source of the language: Mixpanel's page on segmentation expressions.
"""

import json
import re
from typing import Literal

_LOOKS_UP = re.compile(r"""\b(?:properties|user|event|behaviors)\s*\[\s*["']""")


def property_expression(name: str, of: Literal["properties", "user"] = "properties") -> str:
    """The value of a property of the event, or of the ``user`` who did it: ``properties["plan"]``,
    ``user["$email"]``.

    Quotes, backslashes and line breaks in ``name`` are escaped; all else, emoji included, stays as
    it is.
    """
    return f"{of}[{json.dumps(name, ensure_ascii=False)}]"


def as_expression(on: str | None) -> str | None:
    """``on`` as an expression: one that looks a property up stays, anything else is taken for the
    name of a property."""
    if on is None or _LOOKS_UP.search(on):
        return on
    return property_expression(on)
