"""Start again what died of a stack. What still runs is not touched."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from local.stack import pid_file, processes
from local.stack.home import Home
from local.stack.plan import Name
from local.stack.processes import Process
from local.stack.servers import Launcher
from local.stack.stackfile import Stack
from local.terminal import Progress


def mend(home: Home, progress: Progress, environ: Mapping[str, str], dead: Sequence[Name]) -> Stack:
    """Start these on the ports they had; the stack, whose addresses are what they were.

    When that fails, or is interrupted, what was started here is stopped; the stack is as it was,
    and can be mended another time.
    """
    stack = Stack.load(home)
    before = pid_file.read(home)
    # Their children may live on, and hold what the new ones need.
    processes.stop([process for process in before if process.name in dead], home)
    known = {process.name: process for process in before}
    started: list[Process] = []

    def remember(process: Process) -> None:
        started.append(process)
        known[process.name] = process
        pid_file.write(home, list(known.values()))

    try:
        Launcher(home, progress, environ, remember).start_again(dead, stack)
    except BaseException:
        processes.stop(started, home)
        raise
    mended = replace(stack, pids={name: process.pid for name, process in known.items()})
    mended.save(home.stack_file)
    return mended
