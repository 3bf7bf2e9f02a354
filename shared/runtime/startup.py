"""Lambda's initialisation: whether this process is in it, and what it need not pay for there.

A function's ``handler`` module is what Lambda imports, and that import is the start. So it is the
one module of a function whose import does something, and only where Lambda says that it starts::

    with startup.loading():
        from functions.orders.wiring import make

        lambda_handler = startup.handler(make)
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import ParamSpec, TypeVar

KIND = "AWS_LAMBDA_INITIALIZATION_TYPE"
_SNAPSHOT = "snap-start"

P = ParamSpec("P")
R = TypeVar("R")


def is_running() -> bool:
    """Whether Lambda says that it starts this process: only there anything is done ahead of time."""
    return bool(os.environ.get(KIND))


def keeps_connections() -> bool:
    """Whether what is opened now is still open for the first event: not in a snapshot's copies."""
    return is_running() and os.environ[KIND] != _SNAPSHOT


@contextmanager
def loading() -> Iterator[None]:
    """Pause the garbage collector while a function is loaded and built, where Lambda starts it.

    Loading modules makes next to no garbage, and looking for it is an eighth of a cold start.
    Afterwards the collector works again, but never looks among what was loaded: that stays as long
    as the process.
    """
    if not is_running():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def handler(make: Callable[[], Callable[P, R]]) -> Callable[P, R]:
    """A Lambda handler that is built once.

    Where Lambda starts the process it is built right away: the processor is fastest there.
    Anywhere else it is built for the first event.
    """
    built = cache(make)

    def lambda_handler(*arguments: P.args, **named: P.kwargs) -> R:
        return built()(*arguments, **named)

    if is_running():
        built()
    return lambda_handler
