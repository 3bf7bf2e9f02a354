"""``python -m ops trace``: what happened to an order, hop by hop, from the ledger."""

import argparse
from collections.abc import Mapping, Sequence

from ops import connect
from ops.dead_letters.domain import OperatorError
from ops.terminal import harmless, table
from shared.ids import order_id_for
from shared.ports import Tables
from shared.schema import CHECKOUTS, LEDGER, ORDERS
from shared.writes import Item, Value


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``trace`` command."""
    parser = commands.add_parser("trace", help="what happened to an order")
    parser.add_argument("order", metavar="ORDER_ID | PAYMENT_ID")
    connect.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = connect.connect(options)
    print(story(connection.tables, options.order))
    return 0


def story(tables: Tables, name: str) -> str:
    """The checkout's fate, the order, and every event that was handled for it, in order.

    Raises:
        OperatorError: neither an order nor a checkout has this id, nor that of this payment.
        DependencyError: the store did not answer.
    """
    order_id, checkout, order = _found(tables, name)
    command = (checkout or {}).get("command")
    correlation = (order or {}).get("correlationId")
    if correlation is None and isinstance(command, Mapping):
        correlation = command.get("correlationId")
    hops = tables.query(LEDGER.name, str(correlation or order_id), index="trace", limit=1000)
    return "\n".join([*_facts(order_id, checkout, order), "", _hops(hops)])


def _found(tables: Tables, name: str) -> tuple[str, Item | None, Item | None]:
    for order_id in (name, order_id_for(name)):
        key = {"orderId": order_id}
        checkout, order = tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
        if checkout is not None or order is not None:
            return order_id, checkout, order
    raise OperatorError(f"order: no order, checkout or payment is called {name}")


def _facts(order_id: str, checkout: Item | None, order: Item | None) -> list[str]:
    facts: list[tuple[str, Value]] = [("order", order_id)]
    if checkout is not None:
        facts += [
            ("payment", checkout.get("paymentId")),
            ("checkout", checkout.get("status")),
            ("reason", checkout.get("reason")),
            ("refund", checkout.get("refundStatus")),
        ]
    if order is not None:
        facts += [("status", order.get("status")), ("total", order.get("totalAmount"))]
    return [f"{name:<9} {harmless(value)}" for name, value in facts if value is not None]


def _hops(hops: Sequence[Item]) -> str:
    rows = [
        (
            str(hop["committedAt"])[11:23],
            hop["consumer"],
            hop["eventType"],
            hop["outcome"],
            hop["attempts"],
            hop["state"],
        )
        for hop in hops
    ]
    return table(("time", "function", "event", "outcome", "try", "state"), rows)
