"""Reservations as items."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from functions.commands.reservation_rules import Request
from shared.contracts.commands import ReleaseCommand
from shared.kernel.clock import Clock, iso
from shared.messaging.ledger import shard_of
from shared.storage.ports import Tables
from shared.storage.records.reservation import Hold, HoldStatus, line_item
from shared.storage.records.stock import available_of, give_back, hold
from shared.storage.schema import RESERVATIONS, STOCK
from shared.storage.writes import Absent, AnyOf, Equals, Put, Update, Value, Write


class ReservationTables:
    """Reservations in tables, one per order.

    Args:
        hold_seconds: how long held units wait for their checkout.
    """

    def __init__(self, tables: Tables, clock: Clock, *, hold_seconds: int) -> None:
        self._tables, self._clock = tables, clock
        self.hold_seconds = hold_seconds

    def look(self, request: Request) -> tuple[Hold | None, Mapping[str, int]]:
        """The order's reservation and the units available, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        skus = list(request.units)
        reservation, *rows = self._tables.get_many(
            [
                (RESERVATIONS.name, {"orderId": request.order_id}),
                *((STOCK.name, {"sku": sku}) for sku in skus),
            ]
        )
        found = zip(skus, rows, strict=True)
        available = {sku: int(str(row["available"])) for sku, row in found if row is not None}
        return (None if reservation is None else Hold.from_item(reservation)), available

    def find(self, order_id: str) -> Hold | None:
        """The order's reservation, whatever became of it.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(RESERVATIONS.name, {"orderId": order_id})
        return None if item is None else Hold.from_item(item)

    def available(self, held: Hold) -> Mapping[str, int]:
        """Units available now of each held SKU that is still in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        return available_of(self._tables, held.units)

    def now(self) -> str:
        """The current moment, as reservations are stored."""
        return iso(self._clock.now())

    def place(self, request: Request, event_id: str) -> Sequence[Write]:
        """The reservation and its units: all or none, and never over one that is in force."""
        moment = self._clock.now()
        now = iso(moment)
        item: dict[str, Value] = {
            "orderId": request.order_id,
            "eventId": event_id,
            "items": [line_item(line) for line in request.lines],
            "status": HoldStatus.HELD.value,
            "heldAt": now,
            "expiresAt": iso(moment + timedelta(seconds=self.hold_seconds)),
            # Whoever ends the hold removes this; what keeps it still has units.
            "holdShard": shard_of(request.order_id),
        }
        free = AnyOf((Absent(), Equals("status", HoldStatus.RELEASED.value)))
        return [
            Put(RESERVATIONS.name, item, when=(free,)),
            *(hold(sku, units, now) for sku, units in request.units.items()),
        ]

    def end(self, held: Hold, shelves: Mapping[str, int], reason: str) -> Sequence[Write]:
        """This very hold released, every unit of it on its shelf again, where that still exists."""
        now = self.now()
        released = Update(
            RESERVATIONS.name,
            {"orderId": held.order_id},
            set={
                "status": HoldStatus.RELEASED.value,
                "releasedAt": now,
                "releaseReason": reason,
            },
            remove=("holdShard",),
            when=(Equals("status", HoldStatus.HELD.value), Equals("eventId", held.event_id)),
        )
        return [
            released,
            *(give_back(sku, units, now) for sku, units in held.units.items() if sku in shelves),
        ]

    def release(
        self, command: ReleaseCommand, known: Hold | None, asked_at: str
    ) -> Sequence[Write]:
        """What stands for a hold that ended before it began, under the release's own id."""
        if known is not None:
            later = Update(
                RESERVATIONS.name,
                {"orderId": known.order_id},
                set={"givenBackAt": asked_at},
                when=(Equals("status", HoldStatus.RELEASED.value),),
            )
            return [later]
        now, payload = self.now(), command.payload
        item: dict[str, Value] = {
            "orderId": payload.order_id,
            "eventId": command.event_id,
            "items": [line_item(line) for line in payload.items],
            "status": HoldStatus.RELEASED.value,
            "heldAt": now,
            "expiresAt": now,
            "releasedAt": now,
            "releaseReason": payload.reason,
            "givenBackAt": asked_at,
        }
        return [Put(RESERVATIONS.name, item, when=(Absent(),))]
