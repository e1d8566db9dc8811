"""Parse and format durations, dates, sizes and names, as settings, options and messages write
them."""

import math
import re
from datetime import date
from typing import overload

from mixpanel_data.exceptions import ConfigError

_NUMBER = r"(\d+(?:\.\d+)?)\s*"
_DURATION = re.compile(
    rf"(?:{_NUMBER}d)?\s*(?:{_NUMBER}h)?\s*(?:{_NUMBER}m(?:in)?)?\s*(?:{_NUMBER}s?)?"
)


@overload
def parse_duration(value: str) -> float: ...
@overload
def parse_duration(value: object) -> object: ...
def parse_duration(value: object) -> object:
    """Return the seconds of a text such as ``900``, ``15m``, ``1h30m`` or ``2d``, and any other type
    unchanged.

    Args:
        value: A number of seconds, or a text such as ``15m``.

    Raises:
        ValueError: if the text is not a duration.
    """
    if not isinstance(value, str):
        return value
    parts = _DURATION.fullmatch(value.strip().lower())
    if not parts or not any(parts.groups()):
        raise ValueError(f"{value!r} is not a duration such as 90, 15m or 1h30m")
    return sum(
        float(number or 0) * unit
        for number, unit in zip(parts.groups(), (86_400, 3_600, 60, 1), strict=True)
    )


def format_duration(seconds: float) -> str:
    """Format seconds as ``42 s``, ``38 min`` or ``1 h 5 min``, rounded up.

    Args:
        seconds: A duration in seconds.
    """
    whole = math.ceil(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest else []))


def parse_day(text: str | None) -> date | None:
    """Parse a date written as ``YYYY-MM-DD``; return None for None and for an empty text.

    Args:
        text: A date as ``YYYY-MM-DD``, None or an empty text.

    Raises:
        ConfigError: if the text is not such a date.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a date. Write it as YYYY-MM-DD, for instance 2026-01-31."
        ) from None


MB = 1_000_000
GB = 1_000 * MB

_UNITS = {
    f"{prefix}{infix}B": base**power
    for power, prefix in enumerate(("", "K", "M", "G", "T"))
    for infix, base in (("", 1_000), ("i", 1_024))
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?i?B)?", re.IGNORECASE)


def parse_size(value: object) -> object:
    """Return the bytes of a text such as ``64MB``, ``1.5 GiB`` or ``1000``, and any other type
    unchanged.

    Raises:
        ValueError: if the text is not a size.
    """
    if not isinstance(value, str):
        return value
    parts = _SIZE.fullmatch(value.strip())
    if not parts:
        raise ValueError(f"{value!r} is not a size such as 64MB or 1.5 GiB")
    unit = (parts[2] or "B").upper().replace("I", "i")
    return int(float(parts[1]) * _UNITS[unit])


def format_size(count: int) -> str:
    """Format a number of bytes as ``64 MB``.

    Args:
        count: A number of bytes.
    """
    for unit, name in ((GB, "GB"), (MB, "MB"), (1_000, "KB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"


def is_unicode(text: str) -> bool:
    """Return True if ``text`` can be encoded as UTF-8, so has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shorten(text: str, length: int = 80) -> str:
    """Return ``text``, cut to ``length`` characters with ``…`` as the last one."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
