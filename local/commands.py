"""What the command line can do, one function per command."""

import argparse
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import ConnectionError as AwsConnectionError
from botocore.exceptions import HTTPClientError

from local.attacks.siege import besiege
from local.demo.performance import perform
from local.sending import command as sending
from local.sending.drafts import DraftError
from local.stack import aws, home, logs, status, survey
from local.stack.aws import KeepError
from local.stack.cdk import CdkError
from local.stack.client import StackClient
from local.stack.home import Home
from local.stack.pid_file import BusyError, RecordsError
from local.stack.polling import NotObservedError
from local.stack.ports import PortError
from local.stack.private import NotPrivateError
from local.stack.processes import StartError
from local.stack.redis import RedisError
from local.stack.reset import reset
from local.stack.stackfile import Stack, StackFileError
from local.stack.supervisor import Supervisor
from local.stack.survey import NotRunningError
from local.terminal import Progress, Terminal, standard_output

EXPECTED_ERRORS = (
    CdkError,
    DraftError,
    KeepError,
    NotRunningError,
    PortError,
    RecordsError,
    StartError,
    NotPrivateError,
    BusyError,
    RedisError,
    StackFileError,
    NotObservedError,
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command, its explanation, the flags it knows, and how to declare arguments beyond them."""

    help: str
    run: Callable[["Context"], int]
    flags: Mapping[str, str] = field(default_factory=dict)
    arguments: Callable[[argparse.ArgumentParser], None] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with."""

    home: Home
    terminal: Terminal
    options: argparse.Namespace

    def supervisor(self) -> Supervisor:
        """For commands that change the stack."""
        verbose = bool(getattr(self.options, "verbose", False))
        return Supervisor(self.home, Progress(self.terminal), os.environ, verbose=verbose)


def run(options: argparse.Namespace) -> int:
    """Run the command that the options name."""
    context = Context(home.resolve(options.home), standard_output(), options)
    return COMMANDS[options.command].run(context)


def _up(context: Context) -> int:
    supervisor = context.supervisor()
    stack = supervisor.running()
    if stack is not None:
        context.terminal.line("  the stack runs already; `make redeploy` puts new code onto it")
    else:
        stack = supervisor.up()
    status.addresses(stack, context.terminal)
    return 0


def _down(context: Context) -> int:
    had_ended = [part.name for part in survey.take(context.home).dead]
    stopped = context.supervisor().down(forget=context.options.forget)
    said = f"stopped {', '.join(stopped)}" if stopped else "nothing was running"
    before = f" ({', '.join(had_ended)} had ended before)" if had_ended else ""
    context.terminal.line(f"  {said}{before}")
    if context.options.forget:
        context.terminal.line("  what was kept is given up: the next `make up` starts anew")
    elif survey.take(context.home).is_kept:
        context.terminal.line("  orders, mails and messages are kept: `make up` brings them back")
    return 0


def _status(context: Context) -> int:
    return 0 if status.report(context.home, context.terminal) else 1


def _logs(context: Context) -> int:
    stack = Stack.load(context.home)
    client = aws.client("logs", stack.aws.endpoint_url)
    try:
        logs.show(client, context.terminal, follow=context.options.follow)
    except (HTTPClientError, AwsConnectionError) as error:
        raise survey.gone(context.home, error) from error
    return 0


def _redeploy(context: Context) -> int:
    context.supervisor().redeploy(survey.running_stack(context.home))
    return 0


def _seed(context: Context) -> int:
    context.supervisor().seed(survey.running_stack(context.home))
    return 0


def _reset(context: Context) -> int:
    stack = survey.running_stack(context.home)
    client = StackClient.connect(stack)
    try:
        context.terminal.line(f"  {reset(client)} rows removed")
    finally:
        client.close()
    context.supervisor().seed(stack)
    return 0


def _demo(context: Context) -> int:
    # A home of its own: it must not disturb a stack that a developer works with.
    perform(Home(context.home.folder / "demo"), context.terminal)
    return 0


def _attacks(context: Context) -> int:
    return 0 if besiege(Home(context.home.folder / "attacks"), context.terminal) else 1


def _send(context: Context) -> int:
    return sending.run(context.home, context.terminal, context.options)


def _env(context: Context) -> int:
    stack = Stack.load(context.home)
    for name, value in {
        "AWS_ENDPOINT_URL": stack.aws.endpoint_url,
        "AWS_REGION": stack.aws.region,
        "AWS_ACCESS_KEY_ID": stack.aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stack.aws.secret_access_key,
        "QSTASH_URL": stack.qstash["url"],
        "QSTASH_TOKEN": stack.qstash["token"],
        "REDIS_URL": stack.redis_url,
        "API_URL": stack.api_url,
    }.items():
        context.terminal.line(f"export {name}={shlex.quote(value)}")
    return 0


_FORGET = {"--forget": "give up what is kept, too: functions, orders, mails, messages, ports"}
_VERBOSE = {"--verbose": "show what the CDK command line says"}
COMMANDS: Mapping[str, Command] = {
    "demo": Command("one checkout through a stack of its own, explained hop by hop", _demo),
    "attacks": Command("every known attack, tried on a stack of its own", _attacks),
    "up": Command(
        "start a stack, or mend the one whose process died; leaves it running", _up, _VERBOSE
    ),
    "down": Command("stop it, and nothing else; what happened on it is kept", _down, _FORGET),
    "status": Command("what runs, and why something does not", _status),
    "logs": Command("the functions' log lines", _logs, {"--follow": "keep watching"}),
    "redeploy": Command("put the code as it is now onto the running stack", _redeploy, _VERBOSE),
    "seed": Command("add the products that are missing", _seed),
    "reset": Command("forget all orders, mails and messages, and fill the stock again", _reset),
    "send": Command(
        "one event to a topic's function, signed as QStash signs",
        _send,
        arguments=sending.arguments,
    ),
    "env": Command('the stack as shell exports: eval "$(python -m local env)"', _env),
}
