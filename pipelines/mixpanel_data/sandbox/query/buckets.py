"""Numeric buckets (docs/definitions.md, section 11), which include the lower bound, not the upper
one."""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal

from mixpanel_data.sandbox.query.measures import Number

_ABOUT = 10  # buckets; how Mixpanel chooses their size is not published
_STEPS = (1, 2, 5, 10)


def bucketing(values: list[Number]) -> Callable[[Number], str]:
    """Return a function from a value to the name of its bucket, such as ``2,000 - 2,100``.

    All buckets have the same size: the roundest one with which the values fill about ten of them.
    """
    size = _round_up(_exact(max(values)) - _exact(min(values))) if values else Decimal(1)

    def name(value: Number) -> str:
        lower = (_exact(value) / size).to_integral_value(ROUND_FLOOR) * size
        return f"{_text(lower)} - {_text(lower + size)}"

    return name


def _exact(value: Number) -> Decimal:
    """Return the decimal value: 0.3 belongs to the bucket that begins at 0.3, unlike its float."""
    return Decimal(repr(value))


def _round_up(spread: Decimal) -> Decimal:
    """Return the next 1, 2 or 5, times a power of ten, above a tenth of the spread; 1 without
    spread."""
    if not spread:
        return Decimal(1)
    least = spread / _ABOUT
    power = Decimal(10) ** least.adjusted()
    return next(step * power for step in _STEPS if step * power >= least)


def _text(bound: Decimal) -> str:
    """Format with thousands separators, and no more decimals than needed."""
    text = f"{bound:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
