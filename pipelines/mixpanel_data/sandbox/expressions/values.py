"""The values of expressions: JSON values, and UNDEFINED where Mixpanel's rules define none."""

import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeGuard


class Missing(Enum):
    """The value of a missing property and of a meaningless operation."""

    UNDEFINED = "undefined"


UNDEFINED = Missing.UNDEFINED
_EXACT = 2**53  # up to here a float holds every integer
Value = Any  # str | int | float | bool | None | list | dict | Missing
Operation = Callable[[Value, Value], Value]


def is_number(value: Value) -> TypeGuard[int | float]:
    """Return True for JSON numbers only: a bool is an int in Python, but not in Mixpanel."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """Always true or false; false between different types."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def ordered(compare: Callable[[Any, Any], bool]) -> Operation:
    """Return a comparison of two numbers or two strings (ISO times compare as text); else
    undefined."""

    def apply(left: Value, right: Value) -> Value:
        if (is_number(left) and is_number(right)) or _are(str, left, right):
            return compare(left, right)
        return UNDEFINED

    return apply


def contained(left: Value, right: Value) -> Value:
    """``in``: part of a text, or item of a list (a literal, or a property with one)."""
    if _are(str, left, right):
        return left in right
    if isinstance(right, list):
        return any(equal(left, item) for item in right)
    return UNDEFINED


def plus(left: Value, right: Value) -> Value:
    """The sum of two numbers, or two texts joined."""
    if _are(str, left, right):
        return left + right
    return left + right if is_number(left) and is_number(right) else UNDEFINED


def arithmetic(compute: Callable[[Any, Any], Any]) -> Operation:
    """Return an operation on two numbers; undefined for others, and for a division by zero."""

    def apply(left: Value, right: Value) -> Value:
        if not (is_number(left) and is_number(right)):
            return UNDEFINED
        try:
            return compute(left, right)
        except (ZeroDivisionError, OverflowError):
            return UNDEFINED

    return apply


def negation(value: Value) -> Value:
    """``not``: true for undefined, undefined for anything but a boolean."""
    if value is UNDEFINED:
        return True
    return not value if isinstance(value, bool) else UNDEFINED


def to_string(value: Value) -> Value:
    """``string(x)``; whole numbers have no decimal point, since 7 and 7.0 are equal in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{value}" if is_number(value) else value


def to_number(value: Value) -> Value:
    """``number(x)``: a decimal text, a boolean as 1 or 0, else undefined."""
    if is_number(value):
        return value
    try:
        return float(value) if isinstance(value, str | bool) else UNDEFINED
    except ValueError:
        return UNDEFINED


def to_boolean(value: Value) -> bool:
    """``boolean(x)``: false for "false", 0, null, missing and the empty text."""
    return value not in ("false", 0, None, UNDEFINED, "")


def to_datetime(value: Value) -> Value:
    """``datetime(x)``: epoch seconds, from a number or an ISO text without zone (UTC)."""
    if is_number(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return UNDEFINED
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def rounded(rounding: Callable[[float], int]) -> Callable[[Value], Value]:
    """Return ``floor``, ``round`` or ``ceil`` of a number; undefined for others."""

    def apply(value: Value) -> Value:
        try:
            return rounding(value) if is_number(value) else UNDEFINED
        except (OverflowError, ValueError):  # infinite, or not a number after all
            return UNDEFINED

    return apply


def _are(kind: type, *values: Value) -> bool:
    return all(isinstance(value, kind) for value in values)


COMPARISONS: dict[str, Operation] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": ordered(operator.lt),
    "<=": ordered(operator.le),
    ">": ordered(operator.gt),
    ">=": ordered(operator.ge),
    "in": contained,
}
SUMS: dict[str, Operation] = {"+": plus, "-": arithmetic(operator.sub)}
PRODUCTS: dict[str, Operation] = {
    "*": arithmetic(operator.mul),
    "/": arithmetic(operator.truediv),
    "%": arithmetic(math.fmod),  # the sign of the dividend
}
FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "defined": lambda value: value is not UNDEFINED and value is not None,
    "string": to_string,
    "number": to_number,
    "boolean": to_boolean,
    "datetime": to_datetime,
    "floor": rounded(math.floor),
    "ceil": rounded(math.ceil),
    "round": rounded(round),
}
