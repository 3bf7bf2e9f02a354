"""Undecided checkouts and reservations, as the reconciler sees them in the tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from functions.reconciler.domain import OwedCheckout
from shared.kernel.clock import iso
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.reservation import Reservation, reservation_in_force
from shared.storage.schema import CHECKOUTS, RESERVATIONS
from shared.storage.writes import ConditionsFailed, Equals, Item, Update


class PendingCheckoutTables:
    """Undecided checkouts in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def overdue(self, shard: int, before: str, limit: int) -> Sequence[OwedCheckout]:
        """Accepted, undecided checkouts, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, str(shard), index="pending", limit=limit)
        return [_owed(item) for item in items if str(item["acceptedAt"]) <= before]

    def repeated(self, checkout: OwedCheckout, now: datetime) -> None:
        """The checkout's command was published again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(
            Update(
                CHECKOUTS.name,
                {"orderId": checkout.order_id},
                set={"repeatedAt": iso(now)},
                add={"repeated": 1},
                when=(Equals("status", "accepted"),),
            )
        )

    def give_up(self, checkout: OwedCheckout) -> None:
        """Out of the pending index, and marked for operators.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(
            Update(
                CHECKOUTS.name,
                {"orderId": checkout.order_id},
                set={"stuck": True},
                remove=("pendingShard",),
                when=(Equals("status", "accepted"),),
            )
        )

    def _change(self, write: Update) -> None:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return  # decided in the meantime, which is what we wanted


def _owed(item: Item) -> OwedCheckout:
    return OwedCheckout(
        order_id=str(item["orderId"]),
        user_id=str(item["userId"]),
        accepted_at=str(item["acceptedAt"]),
        command=Outbound.from_item(cast("Item", item["command"])),
        repeated=int(str(item.get("repeated", 0))),
        last=str(item.get("repeatedAt", "")),
    )


class ReservationTables:
    """Reservations in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def expired(self, shard: int, before: str, limit: int) -> Sequence[Reservation]:
        """Reservations that are over and still in force, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(RESERVATIONS.name, str(shard), index="expiry", limit=limit)
        # The index may lag: what ended in the meantime keeps no units any more.
        found = map(reservation_in_force, items)
        return [r for r in found if r is not None and r.expires_at <= before]
