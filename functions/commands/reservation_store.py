"""Reservations, and the stock they are made of, in tables."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from functions.commands.reservation_rules import Request
from shared.contracts.commands import ReleaseCommand
from shared.kernel.clock import Clock, iso
from shared.storage.ports import Tables
from shared.storage.records import stock as stock_rows
from shared.storage.records.reservation import (
    Reservation,
    ReservationStatus,
    insert_early_release,
    insert_reservation,
    note_early_release,
    release_reservation,
    reservation_key,
    reservation_of,
)
from shared.storage.records.stock import StockRow
from shared.storage.writes import Write


class ReservationTables:
    """Reservations in tables, one per order.

    Args:
        reservation_seconds: how long reserved units wait for their checkout.
    """

    def __init__(self, tables: Tables, clock: Clock, *, reservation_seconds: int) -> None:
        self._tables, self._clock = tables, clock
        self.reservation_seconds = reservation_seconds

    def look(self, request: Request) -> tuple[Reservation | None, Mapping[str, StockRow]]:
        """The order's reservation and the stock rows, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        reservation, *rows = self._tables.get_many(
            [reservation_key(request.order_id), *map(stock_rows.stock_key, request.units)]
        )
        return reservation_of(reservation), stock_rows.stock_by_sku(rows)

    def find(self, order_id: str) -> Reservation | None:
        """The order's reservation, whatever became of it.

        Raises:
            DependencyError: the store did not answer.
        """
        return reservation_of(self._tables.get(*reservation_key(order_id)))

    def stock_of(self, reservation: Reservation) -> Mapping[str, StockRow]:
        """The stock row, now, of each reserved SKU that is still in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        return stock_rows.read_stock(self._tables, reservation.units)

    def now(self) -> str:
        """The current moment, as reservations are stored."""
        return iso(self._clock.now())

    def reserve_writes(self, request: Request, event_id: str) -> Sequence[Write]:
        """The reservation and its units: all or none, and never over one that is in force."""
        moment = self._clock.now()
        now = iso(moment)
        reservation = Reservation(
            order_id=request.order_id,
            event_id=event_id,
            lines=request.lines,
            status=ReservationStatus.HELD,
            held_at=now,
            expires_at=iso(moment + timedelta(seconds=self.reservation_seconds)),
        )
        units = request.units.items()
        return [
            insert_reservation(reservation),
            *(stock_rows.reserve(sku, count, now) for sku, count in units),
        ]

    def release_writes(
        self, reservation: Reservation, stock: Mapping[str, StockRow], reason: str
    ) -> Sequence[Write]:
        """This very reservation released, and its units available where their SKU still exists."""
        now = self.now()
        return [
            release_reservation(reservation, reason, now),
            *(
                stock_rows.release(sku, count, now)
                for sku, count in reservation.units.items()
                if sku in stock
            ),
        ]

    def early_release_writes(
        self, command: ReleaseCommand, known: Reservation | None, asked_at: str
    ) -> Sequence[Write]:
        """What stands for a reservation that ended before it began, under the release's own id."""
        if known is not None:
            return [note_early_release(known, asked_at)]
        now, payload = self.now(), command.payload
        ended = Reservation(
            order_id=payload.order_id,
            event_id=command.event_id,
            lines=payload.items,
            status=ReservationStatus.RELEASED,
            held_at=now,
            expires_at=now,
            released_at=now,
            release_reason=payload.reason,
            early_release_at=asked_at,
        )
        return [insert_early_release(ended)]
