"""Lengths of time as people write and read them."""

import math
import re
from datetime import date

from mixpanel_data.exceptions import ConfigError

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


def parse_day(text: str | None) -> date | None:
    """The date that ``text`` (``YYYY-MM-DD``) names; None stays None.

    Raises:
        ConfigError: it names none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no date. Write it as YYYY-MM-DD, for instance 2026-01-31."
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
    """Bytes for a text such as ``64MB``, ``1.5 GiB`` or ``1000``; anything but such a text as it
    is.

    Raises:
        ValueError: the text is no size.
    """
    if not isinstance(value, str):
        return value
    parts = _SIZE.fullmatch(value.strip())
    if not parts:
        raise ValueError(f"{value!r} is no size, such as 64MB or 1.5 GiB")
    unit = (parts[2] or "B").upper().replace("I", "i")
    return int(float(parts[1]) * _UNITS[unit])


def size(count: int) -> str:
    """``count`` bytes for people: ``64 MB``."""
    for unit, name in ((GB, "GB"), (MB, "MB"), (1_000, "KB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"
