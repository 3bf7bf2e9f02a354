"""The demo from the first process started to the last one stopped."""

import os
import time

from local.demo import life, payment, scenes
from local.demo.narrator import Narrator
from local.demo.play import Play, Scene
from local.stack import aws, redis
from local.stack.client import StackClient
from local.stack.home import Home
from local.stack.session import running_stack
from local.terminal import Progress, Terminal, seconds, table

SCENES: tuple[Scene, ...] = (
    life.reserve,
    scenes.check_out,
    life.outlive_the_reservation,
    life.deliver,
    scenes.repeat,
    scenes.trip,
    life.cancel,
    life.restock,
    scenes.sell_out,
    payment.sign,
    scenes.poison,
    life.audit,
)
_HEEDED = (aws.CONCURRENCY_VARIABLE, aws.IAM_VARIABLE, redis.VARIABLE)


def perform(home: Home, terminal: Terminal) -> None:
    """Show everything; returns only if every step was really observed.

    Raises:
        NotObservedError: naming the first step that was not.
    """
    started = time.monotonic()
    progress = Progress(terminal)
    tell = Narrator(terminal)
    terminal.line(terminal.paint("The embedded stack: no account, no Docker", "bold"))
    # Not the ports: a stack that a developer works with may have them.
    heeded = {name: value for name, value in os.environ.items() if name in _HEEDED}
    with running_stack(home, progress, heeded) as stack:
        tell.measure("stack ready", seconds(time.monotonic() - started))
        client = StackClient.connect(stack)
        try:
            play = Play(client, tell, home.folder, home.stack_file)
            for scene in SCENES:
                scene(play)
        finally:
            client.close()
    tell.measure("everything", seconds(time.monotonic() - started))
    terminal.line()
    terminal.line(terminal.paint("Summary", "bold"))
    for line in table([["measured", "time"], *map(list, tell.measured)], indent="   "):
        terminal.line(line)
    terminal.line()
    terminal.line(f"   {tell.proved} claims, all observed. Everything is stopped.")
    terminal.line("   `make up` starts a stack that keeps running; `make help` lists all commands.")
