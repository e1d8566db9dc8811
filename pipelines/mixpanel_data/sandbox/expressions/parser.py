"""Parses an expression into a function of its subject."""

from collections.abc import Callable, Mapping

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.expressions.subjects import Subject
from mixpanel_data.sandbox.expressions.tokens import number, tokens, unquote, unreadable
from mixpanel_data.sandbox.expressions.values import (
    COMPARISONS,
    FUNCTIONS,
    PRODUCTS,
    SUMS,
    UNDEFINED,
    Operation,
    Value,
    negation,
)

Evaluate = Callable[[Subject], Value]
Predicate = Callable[[Subject], bool]

_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}
_MAX_DEPTH = 50  # deeper nesting is refused, not answered with a stack overflow


def parse(text: str) -> Predicate:
    """Return a function that is True for matching subjects; 400 for an invalid text."""
    evaluate = parse_value(text)
    return lambda subject: evaluate(subject) is True


def parse_value(text: str) -> Evaluate:
    """Return a function for the value of an expression, as ``on`` uses it; 400 for an invalid
    text."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent, one method a level: or, and, not, comparison, sum, product, unary minus,
    operand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._depth = 0

    def whole(self) -> Evaluate:
        """Return the function for the complete text."""
        evaluate = self._either()
        if self._tokens:
            raise self._error()
        return evaluate

    def _either(self) -> Evaluate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error()
        evaluate = self._joined("or", self._both, any)
        self._depth -= 1
        return evaluate

    def _both(self) -> Evaluate:
        return self._joined("and", self._negated, all)

    def _joined(
        self, word: str, part: Callable[[], Evaluate], decide: Callable[..., bool]
    ) -> Evaluate:
        """Return one part, or several joined, in which undefined counts as false."""
        parts = [part()]
        while self._take(word):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return lambda subject: decide(each(subject) is True for each in parts)

    def _negated(self) -> Evaluate:
        times = 0
        while self._take("not"):
            times += 1
        evaluate = self._comparison()
        for _ in range(min(times, 2 - times % 2)):  # a third one has the effect of the first
            evaluate = _apply(negation, evaluate)
        return evaluate

    def _comparison(self) -> Evaluate:
        return self._chain(COMPARISONS, self._sum)

    def _sum(self) -> Evaluate:
        return self._chain(SUMS, self._product)

    def _product(self) -> Evaluate:
        return self._chain(PRODUCTS, self._signed)

    def _signed(self) -> Evaluate:
        minus = 0
        while self._take("-"):
            minus += 1
        evaluate = self._operand()
        for _ in range(min(minus, 2 - minus % 2)):  # an even number still requires a number
            evaluate = _combine(SUMS["-"], _constant(0), evaluate)
        return evaluate

    def _chain(
        self, operations: Mapping[str, Operation], operand: Callable[[], Evaluate]
    ) -> Evaluate:
        evaluate = operand()
        while (sign := self._take(*operations)) is not None:
            evaluate = _combine(operations[sign], evaluate, operand())
        return evaluate

    def _operand(self) -> Evaluate:
        kind, sign = self._next()
        if kind == "text":
            return _constant(unquote(sign))
        if kind == "number":
            return _constant(number(sign))
        if sign == "(":
            return self._until(")", self._either)
        if sign == "[":
            return self._list()
        return self._named(sign)

    def _named(self, word: str) -> Evaluate:
        if word in _CONSTANTS:
            return _constant(_CONSTANTS[word])
        if word in FUNCTIONS:
            self._expect("(")
            return _apply(FUNCTIONS[word], self._until(")", self._either))
        if word not in ("properties", "event", "user"):
            raise self._error()
        self._expect("[")
        kind, token = self._next()
        if kind != "text":
            raise self._error()
        self._expect("]")
        name = unquote(token)
        if word == "user":
            return lambda subject: subject.user(name)
        return lambda subject: subject.property(name)

    def _list(self) -> Evaluate:
        items = [] if self._peek() == "]" else [self._either()]
        while self._take(","):
            items.append(self._either())
        self._expect("]")
        return lambda subject: [item(subject) for item in items]

    def _until(self, closing: str, part: Callable[[], Evaluate]) -> Evaluate:
        evaluate = part()
        self._expect(closing)
        return evaluate

    def _peek(self) -> str | None:
        """Return the next sign or word; None at the end and before a quoted text."""
        if not self._tokens or self._tokens[0][0] == "text":
            return None
        return self._tokens[0][1]

    def _take(self, *wanted: str) -> str | None:
        if self._peek() not in wanted:
            return None
        return self._tokens.pop(0)[1]

    def _expect(self, token: str) -> None:
        if self._take(token) is None:
            raise self._error()

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._error()
        return self._tokens.pop(0)

    def _error(self) -> RefusedError:
        return unreadable(self._text)


def _constant(value: Value) -> Evaluate:
    return lambda _: value


def _apply(function: Callable[[Value], Value], argument: Evaluate) -> Evaluate:
    return lambda subject: function(argument(subject))


def _combine(operation: Operation, left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda subject: operation(left(subject), right(subject))
