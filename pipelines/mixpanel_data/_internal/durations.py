"""Lengths of time as people write and read them."""

import math
import re

_NUMBER = r"(\d+(?:\.\d+)?)\s*"
_DURATION = re.compile(rf"(?:{_NUMBER}h)?\s*(?:{_NUMBER}m(?:in)?)?\s*(?:{_NUMBER}s?)?")


def parse_duration(value: object) -> object:
    """Seconds for a text such as ``900``, ``15m`` or ``1h30m``; anything but such a text as it is.

    Raises:
        ValueError: the text is no length of time.
    """
    if not isinstance(value, str):
        return value
    parts = _DURATION.fullmatch(value.strip().lower())
    if not parts or not any(parts.groups()):
        raise ValueError(f"{value!r} is no length of time, such as 90, 15m or 1h30m")
    return sum(
        float(number or 0) * unit
        for number, unit in zip(parts.groups(), (3600, 60, 1), strict=True)
    )


def said(seconds: float) -> str:
    """About how long, in words: ``42 s``, ``38 min``, ``1 h 5 min``. Rounded up."""
    whole = math.ceil(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest else []))
