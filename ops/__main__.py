"""``python -m ops``: the operator's command line."""

import argparse
import sys

from ops import documents, trace
from ops.audit import cli as audit
from ops.dead_letters import cli as dead_letters
from ops.history import cli as history
from ops.mail import cli as mail
from ops.orders import cli as orders
from ops.push import cli as push
from ops.refunds import cli as refunds
from ops.stock import cli as stock
from ops.terminal import harmless
from shared.errors import PipelineError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops", description="Operate the pipeline.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    dead_letters.add_to(commands)
    mail.add_to(commands)
    orders.add_to(commands)
    push.add_to(commands)
    refunds.add_to(commands)
    stock.add_to(commands)
    trace.add_to(commands)
    history.add_to(commands)
    audit.add_to(commands)
    documents.add_to(commands)
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except PipelineError as error:
        print(harmless(error), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
