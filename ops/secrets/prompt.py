"""Takes a secret from a terminal, without showing it, or from standard input. Never from an
argument: every user of a machine sees those in `ps`, and a shell keeps them."""

import getpass
import sys
from collections.abc import Callable
from typing import TextIO

from ops.core.errors import OperatorError

_MOST_CHARACTERS = 10_000


def secret_from_user(
    name: str,
    *,
    stream: TextIO | None = None,
    ask: Callable[[str], str] = getpass.getpass,
) -> str:
    """The secret, without the line break at its end.

    Args:
        stream: standard input, if no other is given.
        ask: asks on a terminal without showing the answer.

    Raises:
        OperatorError: nothing came, or what came is no text.
    """
    source = stream or sys.stdin
    try:
        text = ask(f"{name} (not shown): ") if source.isatty() else source.read(_MOST_CHARACTERS)
    except (EOFError, UnicodeDecodeError):
        text = ""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise OperatorError(f"{name}: nothing was given on standard input; nothing was changed")
    return text
