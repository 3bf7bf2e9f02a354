"""The operators' commands: which there are, and how each ends."""

import argparse

from botocore.exceptions import BotoCoreError, ClientError

from commandline.arguments import Parser, check_text
from commandline.entry import REFUSED, complain, with_notes
from commandline.files import FileError
from ops.audit import cli as audit
from ops.core.aws_errors import explained
from ops.dead_letters import cli as dead_letters
from ops.docs import cli as docs
from ops.history import cli as history
from ops.mail import cli as mail
from ops.orders import cli as orders
from ops.preflight import cli as preflight
from ops.privacy import cli as privacy
from ops.push import cli as push
from ops.refunds import cli as refunds
from ops.retention import cli as retention
from ops.secrets import cli as secrets
from ops.stock import cli as stock
from ops.trace import cli as trace
from shared.adapters.aws.errors import AwsError
from shared.kernel.errors import PipelineError
from shared.storage.odd import OddAttributeError


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    whole: argparse.ArgumentParser = Parser(
        prog="python -m ops", description="Operate the pipeline."
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    dead_letters.add_to(commands)
    mail.add_to(commands)
    orders.add_to(commands)
    preflight.add_to(commands)
    privacy.add_to(commands)
    push.add_to(commands)
    refunds.add_to(commands)
    retention.add_to(commands)
    secrets.add_to(commands)
    stock.add_to(commands)
    trace.add_to(commands)
    history.add_to(commands)
    audit.add_to(commands)
    docs.add_to(commands)
    return whole


def run(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    known = parser()
    options = known.parse_args(arguments)
    check_text(options, known)
    try:
        return int(options.run(options))
    except (PipelineError, FileError, AwsError, BotoCoreError, ClientError) as error:
        complain(with_notes(_message_of(error), error))
        return REFUSED
    except OddAttributeError as error:
        complain(with_notes(f"a row cannot be read: {error}", error))
        return REFUSED


def _message_of(error: Exception) -> str:
    cause = explained(error)
    if cause is None:
        return str(error)
    return f"{error}: {cause}" if isinstance(error, PipelineError) else cause
