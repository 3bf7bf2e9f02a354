"""The little language of `Upstash-Retry-Delay`: arithmetic over `retried`, a result in milliseconds.

Parsed into a tree of small functions by our own recursive descent, so a publisher's text is never run as Python.
Numbers behave like Go's floats: dividing by zero or overflowing yields infinity, an undefined result NaN, never an exception.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from local.qstash.errors import BadRequestError
from local.qstash.syntax.durations import DAY_MS

_MAX_LENGTH = 500
_MAX_DEPTH = 50  # far beyond any honest expression, far below Python's own recursion limit

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|([-+*/%(),]))", re.ASCII
)

Term = Callable[[float], float]


def _divide(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right


def _remainder(left: float, right: float) -> float:
    return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)


def _integral(rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(rounding(value)) if math.isfinite(value) else value


def _half_away_from_zero(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


_ONE_ARGUMENT: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": _integral(math.floor),
    "ceil": _integral(math.ceil),
    "round": _integral(_half_away_from_zero),
}
_TWO_ARGUMENTS: dict[str, Callable[[float, float], float]] = {
    "pow": math.pow,
    "min": min,
    "max": max,
}
_SUMS: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
}
_PRODUCTS: dict[str, Callable[[float, float], float]] = {
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _remainder,
}


@dataclass(frozen=True, slots=True)
class RetryExpression:
    """A parsed expression; `text` is what the publisher wrote."""

    text: str
    term: Term

    def delay_ms(self, retried: int) -> int:
        """Milliseconds until the next attempt, between nothing and a day.

        `retried` counts the retries already made, so it is 0 when the first retry is planned.
        """
        value = self.term(float(retried))
        if math.isnan(value):
            return 0
        return round(min(max(value, 0.0), float(DAY_MS)))


def parse_retry_expression(text: str) -> RetryExpression:
    """Check and parse an expression at publish time, so that a typo fails then and not at the first retry."""
    if len(text) > _MAX_LENGTH:
        raise BadRequestError(f"invalid retry delay: longer than {_MAX_LENGTH} characters")
    return RetryExpression(text, _Parser(text).parse())


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._position = 0
        self._depth = 0

    def parse(self) -> Term:
        term = self._sum()
        if self._position != len(self._tokens):
            raise self._error(f"unexpected {self._peek()!r}")
        return term

    def _split(self, text: str) -> list[str]:
        tokens: list[str] = []
        stripped = text.rstrip()
        position = 0
        while position < len(stripped):
            token = _TOKEN.match(stripped, position)
            if token is None:
                raise self._error(f"unexpected character {stripped[position:].lstrip()[0]!r}")
            tokens.append(token[0].strip())
            position = token.end()
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise self._error("unexpected end")
        self._position += 1
        return token

    def _expect(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise self._error(f"expected {wanted!r}, got {self._peek() or 'the end'!r}")
        self._position += 1

    def _error(self, problem: str) -> BadRequestError:
        return BadRequestError(f"invalid retry delay {self._text!r}: {problem}")

    def _sum(self) -> Term:
        term = self._product()
        while self._peek() in _SUMS:
            term = _combine(_SUMS[self._take()], term, self._product())
        return term

    def _product(self) -> Term:
        term = self._signed()
        while self._peek() in _PRODUCTS:
            term = _combine(_PRODUCTS[self._take()], term, self._signed())
        return term

    def _signed(self) -> Term:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("nested too deeply")
        try:
            sign = self._peek()
            if sign not in _SUMS:
                return self._atom()
            self._take()
            operand = self._signed()
            return operand if sign == "+" else lambda retried: -operand(retried)
        finally:
            self._depth -= 1

    def _atom(self) -> Term:
        word = self._take()
        if word == "(":
            term = self._sum()
            self._expect(")")
            return term
        if word == "retried":
            return lambda retried: retried
        if word in _ONE_ARGUMENT or word in _TWO_ARGUMENTS:
            return self._call(word)
        if word[0].isdigit() or word[0] == ".":
            number = float(word)
            return lambda _retried: number
        raise self._error(f"unknown word {word!r}")

    def _call(self, name: str) -> Term:
        self._expect("(")
        first = self._sum()
        if name in _ONE_ARGUMENT:
            self._expect(")")
            return _apply(_ONE_ARGUMENT[name], first)
        self._expect(",")
        second = self._sum()
        self._expect(")")
        return _combine(_TWO_ARGUMENTS[name], first, second)


def _apply(function: Callable[[float], float], argument: Term) -> Term:
    def term(retried: float) -> float:
        try:
            return function(argument(retried))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return term


def _combine(function: Callable[[float, float], float], left: Term, right: Term) -> Term:
    def term(retried: float) -> float:
        try:
            return function(left(retried), right(retried))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return term
