"""Arguments: numbers are ASCII digits and nothing else, text is Unicode, and errors are readable.

``int`` and ``float`` read more than a person means: ``1_0``, `` 5 ``, digits of every script,
``nan``. Wherever a number moves stock or waits for something, a slip must be refused.
"""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

from commandline.text import harmless

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_SIGNED = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


class Parser(argparse.ArgumentParser):
    """A parser whose options are written out, and whose errors cannot play tricks on a terminal."""

    def error(self, message: str) -> NoReturn:
        """End the program with the rule that was broken."""
        super().error(harmless(message))


def whole(low: int, high: int, *, signed: bool = False) -> Callable[[str], int]:
    """The type of an option that takes a whole number from ``low`` to ``high``.

    Args:
        signed: whether a plus may stand before it, where it says which way something moves.
    """
    pattern, rule = _SIGNED if signed else _WHOLE, f"must be a whole number from {low} to {high}"

    def read(text: str) -> int:
        if pattern.fullmatch(text) is None or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{rule}, in digits 0-9, not {text!r}")
        return int(text)

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """The type of an option that takes a decimal number from ``low`` to ``high``, such as 0.5."""
    rule = f"must be a number from {low:g} to {high:g} such as {(low + high) / 2:g}"

    def read(text: str) -> float:
        if _NUMBER.fullmatch(text) is None or not low <= float(text) <= high:
            raise argparse.ArgumentTypeError(f"{rule}, in digits 0-9, not {text!r}")
        return float(text)

    return read


def check_text(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse arguments that are no text: bytes that are not the terminal's encoding (UTF-8).

    Names of files may be any bytes: an option that takes one is a ``Path``.
    """
    for name, value in vars(options).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not is_text(text):
                parser.error(f"{name.replace('_', ' ')}: must be UTF-8 text, not {text!r}")


def is_text(text: str) -> bool:
    """Whether it can be stored: arguments that are not UTF-8 arrive with lone surrogates in them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
