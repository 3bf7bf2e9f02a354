"""``python -m ops trace``: what happened to an order, hop by hop, from the ledger."""

import argparse

from ops.core import connection as stage
from ops.trace import view
from ops.trace.store import TraceTables


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``trace`` command."""
    parser = commands.add_parser("trace", help="what happened to an order")
    parser.add_argument("order", metavar="ORDER_ID | PAYMENT_ID")
    stage.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    print(view.as_text(TraceTables(connection.tables).find(options.order)))
    return 0
