"""``python -m ops trace``: what happened to an order, hop by hop, from the ledger."""

import argparse
import sys
from functools import partial

from commandline.arguments import whole
from ops.core import connection as stage
from ops.core.order_ids import order_ids_of
from ops.core.view import tell_unreadable
from ops.trace import view
from ops.trace.named.store import MOST_SHOWN, NamedTraceTables
from ops.trace.store import TraceTables
from shared.kernel.ids import OrderIds
from shared.storage.ports import Tables

_PAGE = 20
_MOST_PAGES = 1_000_000


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``trace`` command."""
    parser = commands.add_parser("trace", help="what happened to an order")
    parser.add_argument(
        "name",
        metavar="ID",
        help="of an order, a payment or an event; of anything else the traces that came with "
        "this correlation id are listed",
    )
    parser.add_argument(
        "--correlation",
        action="store_true",
        help="the id is a correlation id, whatever else is called so",
    )
    parser.add_argument(
        "--limit",
        type=whole(1, MOST_SHOWN),
        default=_PAGE,
        help="the most traces of one page of a list (default: %(default)s)",
    )
    parser.add_argument(
        "--page", type=whole(1, _MOST_PAGES), default=1, help="which page of a list"
    )
    stage.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    order_ids = order_ids_of(connection, partial(print, file=sys.stderr))
    return tell(options, connection.tables, order_ids)


def tell(options: argparse.Namespace, tables: Tables, order_ids: OrderIds | None) -> int:
    """Print what the options ask for; the exit status: 1 if a row could not be read.

    Raises:
        OperatorError: nothing is called so.
        DependencyError: the store did not answer.
    """
    traces = TraceTables(tables, order_ids)
    trace = None if options.correlation else traces.look(options.name)
    if trace is None:
        named = NamedTraceTables(tables).find(options.name, page=options.page, limit=options.limit)
        if named.total or options.correlation:
            print(view.named(options.name, named, page=options.page))
            return tell_unreadable(named.unreadable)
        trace = traces.find(options.name)
    print(view.as_text(trace))
    return tell_unreadable(trace.unreadable)
