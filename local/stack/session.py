"""A stack for as long as a piece of code needs it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.stack.home import Home
from local.stack.stackfile import Stack
from local.stack.supervisor import Supervisor
from local.terminal import Progress


@contextmanager
def running_stack(
    home: Home, progress: Progress, environ: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """A stack of its own in this home, new at the start, gone at the end, whatever happened.

    Args:
        environ: what would be the shell's settings; none of the real shell's are heeded, so that
            a developer's LOCAL_AWS_PORT does not make two stacks want one port.
    """
    settings = {"PATH": os.environ.get("PATH", os.defpath), **(environ or {})}
    supervisor = Supervisor(home, progress, settings)
    supervisor.down(forget=True)
    stack = supervisor.up()
    try:
        yield stack
    finally:
        supervisor.down(forget=True)
