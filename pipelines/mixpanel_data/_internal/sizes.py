"""Numbers of bytes as people write and read them."""

import re

MB = 1_000_000
GB = 1_000 * MB

_UNITS = {
    f"{prefix}{infix}B": base**power
    for power, prefix in enumerate(("", "K", "M", "G", "T"))
    for infix, base in (("", 1_000), ("i", 1_024))
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?i?B)?", re.IGNORECASE)


def parse_size(value: object) -> object:
    """Bytes for a text such as ``64MB``, ``1.5 GiB`` or ``1000``; anything but such a text as it is.

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
