"""``python -m ops refunds``: list, settle."""

import argparse
import random
import sys

from commandline.entry import complain, noting
from commandline.text import as_json
from ops.core import actor
from ops.core import connection as stage
from ops.core.connection import Connection
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.core.terminal import harmless
from ops.core.unreadable import parted
from ops.core.view import tell_unreadable
from ops.refunds import view
from ops.refunds.service import RefundService
from shared.kernel.text import one_line
from shared.storage.records.checkout import REQUESTED, SETTLED

_MOST = 1000
_LONGEST = 200


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``refunds`` command and its actions."""
    parser = commands.add_parser("refunds", help="money that must go back")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="what is asked for, longest waiting first")
    listing.add_argument("--state", choices=(REQUESTED, SETTLED), default=REQUESTED)
    listing.add_argument("--json", action="store_true", help="one JSON object per line")
    listing.set_defaults(run=_list)

    settle = actions.add_parser("settle", help="the money went back")
    settle.add_argument("order_id", metavar="ORDER_ID")
    settle.add_argument("--reference", required=True, help="the provider's name for the refund")
    actor.add_option(settle)
    settle.set_defaults(run=_settle)
    for action in (listing, settle):
        stage.add_options(action)


def _list(options: argparse.Namespace) -> int:
    return tell(options, _service(stage.connect(options)))


def tell(options: argparse.Namespace, service: RefundService) -> int:
    """Print the refunds that the options ask for; the exit status: 1 if one could not be read.

    Raises:
        DependencyError: the store did not answer.
    """
    found = service.list(options.state, _MOST)
    refunds, unreadable = parted(found)
    if options.json:
        for refund in refunds:
            print(as_json(refund.as_json()))
    elif refunds:
        print(view.refunds(refunds))
    else:
        readable = " that can be read" if unreadable else ""
        print(f"no refund{readable} is {options.state}")
    if len(found) == _MOST and not options.json:
        print(f"the first {_MOST}; there may be more", file=sys.stderr)
    return tell_unreadable(unreadable)


def _settle(options: argparse.Namespace) -> int:
    reference = _line("--reference", options.reference)
    connection = stage.connect(options)
    service, who = _service(connection), actor.who(options, connection, complain)
    with noting(lambda: "whether it is settled is not known: the same command settles it once"):
        refund, unpublished = service.settle(options.order_id, reference=reference, operator=who)
    print(view.settled(refund))
    if unpublished is not None:
        print(f"its audit entry leaves later: {harmless(unpublished)}", file=sys.stderr)
    return 0


def _service(connection: Connection) -> RefundService:
    ledger = OperatorLedger(
        connection.tables,
        connection.publisher,
        connection.clock,
        jitter=random.SystemRandom().random,
    )
    return RefundService(connection.tables, ledger, connection.clock)


def _line(option: str, text: str) -> str:
    if one_line(text, _LONGEST) != text or not text:
        raise OperatorError(f"{option}: must be 1 to {_LONGEST} characters on one line")
    return text
