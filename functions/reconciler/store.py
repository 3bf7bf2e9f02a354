"""Undecided checkouts, reservations and unconfirmed orders, as the reconciler sees them in the tables."""

from collections.abc import Sequence
from datetime import datetime

from functions.reconciler.domain import OwedCheckout
from shared.commerce.order_status import PENDING
from shared.kernel.clock import iso
from shared.kernel.errors import UnreadableRowError
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.readable import read_rows
from shared.storage.records.checkout import CheckoutRow, give_up_checkout, note_repetition
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation, reservation_in_force
from shared.storage.schema import CHECKOUTS, ORDERS, RESERVATIONS
from shared.storage.writes import ConditionsFailed, Item, Write


class PendingCheckoutTables:
    """Undecided checkouts in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def overdue(
        self, shard: int, before: str, limit: int
    ) -> Sequence[OwedCheckout | UnreadableRowError]:
        """Accepted, undecided checkouts, oldest first; why, in the place of an unreadable one.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, str(shard), index="pending", limit=limit)
        found = read_rows(CHECKOUTS.name, items, _owed)
        return [
            one
            for one in found
            if isinstance(one, UnreadableRowError)
            or (one is not None and one.accepted_at <= before)
        ]

    def repeated(self, checkout: OwedCheckout, now: datetime) -> None:
        """The checkout's command was published again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(note_repetition(checkout.order_id, iso(now)))

    def give_up(self, checkout: OwedCheckout) -> None:
        """Out of the pending index, and marked for the operators.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(give_up_checkout(checkout.order_id))

    def _change(self, write: Write) -> None:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return  # decided in the meantime, which is what we wanted


def _owed(item: Item) -> OwedCheckout | None:
    checkout = CheckoutRow.from_item(item)
    # Only a checkout that the API accepted is in the index, and that has its command.
    if checkout.accepted_at is None or checkout.command is None:
        return None
    return OwedCheckout(
        order_id=checkout.order_id,
        user_id=checkout.user_id,
        accepted_at=checkout.accepted_at,
        command=Outbound.from_item(checkout.command),
        repeated=checkout.repeated,
        last=checkout.repeated_at or "",
    )


class ReservationTables:
    """Reservations in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def expired(
        self, shard: int, before: str, limit: int
    ) -> Sequence[Reservation | UnreadableRowError]:
        """Reservations that are over and still in force, oldest first; why, in the place of an
        unreadable one.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(RESERVATIONS.name, str(shard), index="expiry", limit=limit)
        # The index may lag: what ended in the meantime keeps no units any more.
        found = read_rows(RESERVATIONS.name, items, reservation_in_force)
        return [
            one
            for one in found
            if isinstance(one, UnreadableRowError) or (one is not None and one.expires_at <= before)
        ]


class UnconfirmedOrderTables:
    """Unconfirmed orders in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def lapsed(
        self, shard: int, before: str, limit: int
    ) -> Sequence[OrderRow | UnreadableRowError]:
        """Orders that were placed before a moment and are still unconfirmed, oldest first; why, in
        the place of an unreadable one.

        Raises:
            DependencyError: the store did not answer.
        """
        keys = self._tables.query(ORDERS.name, str(shard), index="unconfirmed", limit=limit)
        old = [item for item in keys if str(item["createdAt"]) <= before]
        if not old:
            return []
        # The index has the keys only, and lags: the rows say what is unconfirmed now.
        rows = self._tables.get_many(
            [(ORDERS.name, {"orderId": str(item["orderId"])}) for item in old]
        )
        items = [row for row in rows if row is not None]
        return [one for one in read_rows(ORDERS.name, items, _unconfirmed) if one is not None]


def _unconfirmed(item: Item) -> OrderRow | None:
    order = OrderRow.from_item(item)
    return order if order.status == PENDING.status else None
