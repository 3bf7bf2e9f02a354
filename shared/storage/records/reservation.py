"""Reservations: how the units that are kept for an order are stored and read, and how one ends.

An order has at most one row. It begins as ``held`` and ends once: ``consumed`` by the order that
buys the units, or ``released``. Over a released one the order may reserve again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from shared.contracts.lines import StockLine
from shared.storage.schema import RESERVATIONS, shard_of
from shared.storage.writes import Absent, AnyOf, Equals, Item, Key, Put, Update, Value


class ReservationStatus(StrEnum):
    """Where a reservation stands. Only ``held`` keeps units from being available."""

    HELD = "held"
    RELEASED = "released"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation as stored: the truth that commands about it are measured by.

    All moments are ISO-8601, and empty where they did not come yet.

    Args:
        event_id: the command that made it; a later reservation of the same order has another one.
        lines: what is reserved, each SKU once.
        held_at: when it was made.
        expires_at: from when on a timeout may end it.
        consumed_at: when an order bought its units.
        released_at: when its units became available again.
        release_reason: why, as the command said.
        early_release_at: when the newest release was written, of an order that never reserved
            anything: a request from before that comes too late.
    """

    order_id: str
    event_id: str
    lines: tuple[StockLine, ...]
    status: ReservationStatus
    held_at: str
    expires_at: str
    consumed_at: str = ""
    released_at: str = ""
    release_reason: str = ""
    early_release_at: str = ""

    @property
    def units(self) -> Mapping[str, int]:
        """Reserved units by SKU."""
        return {line.sku: line.quantity for line in self.lines}

    @property
    def is_held(self) -> bool:
        """Whether it still keeps its units."""
        return self.status is ReservationStatus.HELD

    @classmethod
    def from_item(cls, item: Item) -> "Reservation":
        """As read, whatever became of it; a row from before an attribute was added lacks it."""
        lines = cast("Sequence[Item]", item["items"])
        return cls(
            order_id=str(item["orderId"]),
            event_id=str(item["eventId"]),
            lines=tuple(_line(line) for line in lines),
            status=ReservationStatus(str(item["status"])),
            held_at=_text(item, "heldAt"),
            expires_at=str(item["expiresAt"]),
            consumed_at=_text(item, "consumedAt"),
            released_at=_text(item, "releasedAt"),
            release_reason=_text(item, "releaseReason"),
            early_release_at=_text(item, "givenBackAt"),
        )

    def to_item(self) -> Item:
        """As stored: the store leaves out what is None, and only what still keeps units is in the
        index by expiry."""
        return {
            "orderId": self.order_id,
            "eventId": self.event_id,
            "items": [_line_item(line) for line in self.lines],
            "status": self.status.value,
            "heldAt": self.held_at or None,
            "expiresAt": self.expires_at,
            "holdShard": shard_of(self.order_id) if self.is_held else None,
            "consumedAt": self.consumed_at or None,
            "releasedAt": self.released_at or None,
            "releaseReason": self.release_reason or None,
            "givenBackAt": self.early_release_at or None,
        }


# ------------------------------------------------------------------ reading
def reservation_key(order_id: str) -> tuple[str, Key]:
    """Where the reservation of an order is: table and key."""
    return RESERVATIONS.name, {"orderId": order_id}


def reservation_of(item: Item | None) -> Reservation | None:
    """The reservation, whatever became of it; None if the order has none."""
    return None if item is None else Reservation.from_item(item)


def reservation_in_force(item: Item | None) -> Reservation | None:
    """The reservation that still keeps units; None if there is none any more."""
    reservation = reservation_of(item)
    return reservation if reservation is not None and reservation.is_held else None


# ------------------------------------------------------------------ moves
def insert_reservation(reservation: Reservation) -> Put:
    """Store a new reservation, never over one that is in force or was consumed."""
    free = AnyOf((Absent(), Equals("status", ReservationStatus.RELEASED.value)))
    return Put(RESERVATIONS.name, reservation.to_item(), when=(free,))


def consume_reservation(reservation: Reservation, now: str) -> Update:
    """The order buys the units of this very reservation."""
    consumed = {"status": ReservationStatus.CONSUMED.value, "consumedAt": now}
    return _end(reservation, consumed)


def release_reservation(reservation: Reservation, reason: str, now: str) -> Update:
    """The units of this very reservation are kept no longer."""
    released = {
        "status": ReservationStatus.RELEASED.value,
        "releasedAt": now,
        "releaseReason": reason,
    }
    return _end(reservation, released)


def insert_early_release(released: Reservation) -> Put:
    """Store a release that came before any reservation of its order."""
    return Put(RESERVATIONS.name, released.to_item(), when=(Absent(),))


def note_early_release(released: Reservation, written_at: str) -> Update:
    """A newer release of an order that never reserved anything.

    Args:
        written_at: when that release was written (ISO-8601).
    """
    return Update(
        RESERVATIONS.name,
        {"orderId": released.order_id},
        set={"givenBackAt": written_at},
        when=(Equals("status", ReservationStatus.RELEASED.value),),
    )


def _end(reservation: Reservation, facts: Item) -> Update:
    return Update(
        RESERVATIONS.name,
        {"orderId": reservation.order_id},
        set=facts,
        remove=("holdShard",),
        when=(
            Equals("status", ReservationStatus.HELD.value),
            Equals("eventId", reservation.event_id),
        ),
    )


def _text(item: Item, name: str) -> str:
    return str(item.get(name) or "")


def _line_item(line: StockLine) -> Mapping[str, Value]:
    return {
        "productId": line.product_id,
        "variationId": line.variation_id,
        "quantity": line.quantity,
    }


def _line(item: Item) -> StockLine:
    variation = item.get("variationId")
    return StockLine(
        product_id=str(item["productId"]),
        variation_id=None if variation is None else str(variation),
        quantity=int(str(item["quantity"])),
    )
