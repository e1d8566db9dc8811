"""Formats numbers, days and names for the page."""

import unicodedata
from datetime import date, datetime

from mixpanel_data._internal.text import shorten

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
# Characters that change the direction of the text after them.
_DIRECTION_MARKS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F}
MAX_NAME_LENGTH = 120
NOTHING = "\u2013"


def number(value: float | None) -> str:
    """Format as ``1,234``; small fractions keep a decimal, None is a dash."""
    if value is None:
        return NOTHING
    return f"{value:,.1f}" if value != round(value) and abs(value) < 100 else f"{value:,.0f}"


def money(value: float | None) -> str:
    """Format an amount as ``1,234.50``, from 10,000 as ``12,345``; None is a dash."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"


def decimal(value: float) -> str:
    """Format as ``1,234.0``, for numbers in a column."""
    return f"{value:,.1f}"


def percent(value: float | None) -> str:
    """Format as ``12.3%``; only exact values are 0% or 100%."""
    if value is None:
        return NOTHING
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def day(value: date | None) -> str:
    """Format as ``20 Nov 2026``."""
    return f"{value.day} {value:%b %Y}" if value else NOTHING


def weekday(value: date | None) -> str:
    """Format as ``Fri 20 Nov 2026``."""
    return f"{value:%a} {day(value)}" if value else NOTHING


def period(start: date, unit: str) -> str:
    """Return the label of a day, week or month that begins on ``start``."""
    if unit == "month":
        return f"{start:%B %Y}"
    return weekday(start) if unit == "day" else f"week of {day(start)}"


def moment(value: datetime | None) -> str:
    """Format a naive UTC time as ``20 Nov 2026, 08:15 UTC``."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def duration(seconds: float | None) -> str:
    """Format as ``2.5 hours``."""
    if seconds is None:
        return NOTHING
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            amount = number(round(seconds / size, 1))
            return f"{amount} {unit}" + ("" if amount == "1" else "s")
    return "0 seconds" if seconds == 0 else "under a second"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Format as ``1 day`` or ``2 days``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def name(text: str) -> str:
    """Make a name from the data visible and distinguishable: no control characters, limited
    length."""
    if not text.strip():
        return "(empty name)" if not text else "(blank name)"
    seen = "".join(_visible(letter) for letter in text)
    return shorten(seen, MAX_NAME_LENGTH)


def _visible(letter: str) -> str:
    code = ord(letter)
    if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or code in _DIRECTION_MARKS:
        return _ESCAPES.get(letter, f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return letter


def sparkline(
    counts: tuple[int | None, ...], width: float = 100, height: float = 24
) -> tuple[str, ...]:
    """Return the points of polylines of ``counts`` in a box of this size, one between Nones."""
    top = max((count for count in counts if count is not None), default=0) or 1
    step = width / max(1, len(counts) - 1)
    lines: list[list[str]] = [[]]
    for n, count in enumerate(counts):
        if count is None:
            lines.append([])
        else:
            lines[-1].append(f"{n * step:.1f},{height - 1 - count / top * (height - 2):.1f}")
    return tuple(" ".join(line) for line in lines if len(line) > 1)
