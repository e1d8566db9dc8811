"""Numbers, days and names as the page shows them."""

import unicodedata
from datetime import date, datetime

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
# They turn the direction of what follows, beyond the name itself.
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F}
LONGEST_NAME = 120
NOTHING = "\u2013"


def number(value: float | None) -> str:
    """``1,234``; small fractions keep a decimal; a dash for nothing."""
    if value is None:
        return NOTHING
    return f"{value:,.1f}" if value != round(value) and abs(value) < 100 else f"{value:,.0f}"


def decimal(value: float) -> str:
    """``1,234.0``, for numbers that stand below each other."""
    return f"{value:,.1f}"


def percent(value: float | None) -> str:
    """``12.3%``; never 0% or 100% for what is only near it."""
    if value is None:
        return NOTHING
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def day(value: date | None) -> str:
    """``20 Nov 2026``."""
    return f"{value.day} {value:%b %Y}" if value else NOTHING


def weekday(value: date | None) -> str:
    """``Fri 20 Nov 2026``."""
    return f"{value:%a} {day(value)}" if value else NOTHING


def period(start: date, unit: str) -> str:
    """What a day, week or month that begins on ``start`` is called."""
    if unit == "month":
        return f"{start:%B %Y}"
    return weekday(start) if unit == "day" else f"week of {day(start)}"


def moment(value: datetime | None) -> str:
    """``20 Nov 2026, 08:15 UTC``, of a naive UTC time."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def duration(seconds: float | None) -> str:
    """``2.5 hours``."""
    if seconds is None:
        return NOTHING
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            amount = number(round(seconds / size, 1))
            return f"{amount} {unit}" + ("" if amount == "1" else "s")
    return "0 seconds" if seconds == 0 else "under a second"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """``1 day``, ``2 days``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def name(text: str) -> str:
    """A name somebody gave, so that it can be seen and told from others: no control characters, not
    endlessly long."""
    if not text.strip():
        return "(empty name)" if not text else "(blank name)"
    seen = "".join(_visible(letter) for letter in text)
    return seen if len(seen) <= LONGEST_NAME else f"{seen[: LONGEST_NAME - 1]}…"


def _visible(letter: str) -> str:
    code = ord(letter)
    if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or code in _TURNING:
        return _ESCAPES.get(letter, f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return letter


def sparkline(
    counts: tuple[int | None, ...], width: float = 100, height: float = 24
) -> tuple[str, ...]:
    """The points of polylines of ``counts`` in a box of this size, one for each stretch without
    None."""
    top = max((count for count in counts if count is not None), default=0) or 1
    step = width / max(1, len(counts) - 1)
    lines: list[list[str]] = [[]]
    for n, count in enumerate(counts):
        if count is None:
            lines.append([])
        else:
            lines[-1].append(f"{n * step:.1f},{height - 1 - count / top * (height - 2):.1f}")
    return tuple(" ".join(line) for line in lines if len(line) > 1)
