"""What runs, what does not, and what its log said last."""

from pathlib import Path

from commandline.text import harmless_lines
from local.stack import pid_file, processes, survey
from local.stack.home import Home
from local.stack.plan import Action, decide
from local.stack.stackfile import Stack, StackFileError
from local.terminal import Terminal, table


def report(home: Home, terminal: Terminal) -> bool:
    """Print the state of the stack; whether all of it runs."""
    known = pid_file.read(home)
    if not known:
        terminal.line(f"  no stack runs in {home.folder}; {_offer(home)}")
        return False
    found = survey.take(home)
    dead = [process for process in known if not process.is_running()]
    rows = [["process", "pid", "state", "log"]]
    for process in known:
        state = "ended" if process in dead else "running"
        rows.append([process.name, str(process.pid), state, process.log])
    for line in table(rows):
        terminal.line(line)
    for process in dead:
        terminal.line(f"\n  {process.name} ended. The end of its log:")
        terminal.line(harmless_lines(processes.tail(Path(process.log))))
    plan = decide(found)
    for word in plan.words:
        terminal.line(f"\n  {word}")
    if plan.action is not Action.NOTHING:
        terminal.line(f"\n  `make up` {'mends' if plan.action is Action.MEND else 'restarts'} it")
    try:
        addresses(Stack.load(home), terminal)
    except StackFileError as error:
        terminal.line(f"\n  it was not brought up to the end: {error}")
        return False
    return not dead


def _offer(home: Home) -> str:
    if survey.take(home).is_kept:
        return "`make up` brings back the last one, with its orders, mails and messages"
    return "`make up` starts one"


def addresses(stack: Stack, terminal: Terminal) -> None:
    """Where to knock, with a command to try."""
    rows = [
        ["API", f"{stack.api_url}/api/checkout"],
        ["AWS endpoint", stack.aws.endpoint_url],
        ["QStash", stack.qstash["url"]],
        ["mailbox", stack.mailbox_url],
        ["Redis", stack.redis_url],
    ]
    terminal.line()
    for name, address in rows:
        terminal.line(f"  {name.ljust(12)}  {address}")
