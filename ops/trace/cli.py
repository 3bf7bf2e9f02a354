"""``python -m ops trace``: what happened to an order, hop by hop, from the ledger."""

import argparse
from collections.abc import Sequence
from typing import cast

from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.terminal import harmless, table
from shared.kernel.ids import order_id_for
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.order import OrderRow
from shared.storage.schema import CHECKOUTS, DEAD_LETTERS, LEDGER, ORDERS
from shared.storage.writes import Item

# As many as one read of the store takes.
_MOST_OWED = 100


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``trace`` command."""
    parser = commands.add_parser("trace", help="what happened to an order")
    parser.add_argument("order", metavar="ORDER_ID | PAYMENT_ID")
    stage.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    print(story(connection.tables, options.order))
    return 0


def story(tables: Tables, name: str) -> str:
    """What became of the checkout, the order, every event that was handled for it in order, and those that
    were not: on their way, waiting for their time, or given up.

    Raises:
        OperatorError: neither an order nor a checkout has this id, nor that of this payment.
        DependencyError: the store did not answer.
    """
    order_id, checkout, order = _found(tables, name)
    command = None if checkout is None else checkout.command
    correlation = None if order is None else order.correlation_id
    if correlation is None and command is not None:
        correlation = Outbound.from_item(command).correlation_id
    hops = tables.query(LEDGER.name, correlation or order_id, index="trace", limit=1000)
    told = [*_facts(order_id, checkout, order), "", _hops(hops)]
    owed = _owed(tables, hops, command)
    return "\n".join([*told, "", "not handled so far:", _waiting(owed)] if owed else told)


def _found(tables: Tables, name: str) -> tuple[str, CheckoutRow | None, OrderRow | None]:
    for order_id in (name, order_id_for(name)):
        key = {"orderId": order_id}
        accepted, placed = tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
        checkout = None if accepted is None else CheckoutRow.from_item(accepted)
        order = None if placed is None else OrderRow.from_item(placed)
        if checkout is not None or order is not None:
            return order_id, checkout, order
    raise OperatorError(f"order: no order, checkout or payment is called {name}")


def _facts(order_id: str, checkout: CheckoutRow | None, order: OrderRow | None) -> list[str]:
    facts: list[tuple[str, str | None]] = [("order", order_id)]
    if checkout is not None:
        facts += [
            ("payment", checkout.payment_id),
            ("checkout", checkout.status),
            ("reason", checkout.reason),
            ("refund", None if checkout.refund is None else checkout.refund.status),
        ]
    if order is not None:
        facts += [("status", order.status), ("total", f"{order.total:.2f}")]
    return [f"{name:<9} {harmless(value)}" for name, value in facts if value is not None]


def _owed(
    tables: Tables, hops: Sequence[Item], command: Item | None
) -> list[tuple[str, str, Item | None]]:
    """Events that were promised and are in no ledger, with the dead letter of those given up."""
    promised = [command] if command is not None else []
    for hop in hops:
        promised += cast("Sequence[Item]", hop.get("outbox") or ())
    handled = {hop["eventId"] for hop in hops}
    types = {
        str(message["eventId"]): str(message["eventType"])
        for message in promised
        if message["eventId"] not in handled
    }
    ids = list(types)[:_MOST_OWED]
    letters = tables.get_many([(DEAD_LETTERS.name, {"eventId": event_id}) for event_id in ids])
    return [
        (types[event_id], event_id, letter) for event_id, letter in zip(ids, letters, strict=True)
    ]


def _waiting(owed: Sequence[tuple[str, str, Item | None]]) -> str:
    rows = [
        (
            event_type,
            event_id,
            "on its way, or waiting for its time"
            if letter is None
            else f"dead letter, {letter['state']}: {letter['cause']}",
        )
        for event_type, event_id, letter in owed
    ]
    return table(("event", "id", "where it is"), rows)


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
