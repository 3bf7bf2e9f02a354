"""Units held for an order, as every function that reads the reservations sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from shared.contracts.lines import StockLine
from shared.storage.writes import Item, Value


class HoldStatus(StrEnum):
    """Where a reservation stands. Only ``held`` keeps units off the shelf."""

    HELD = "held"
    RELEASED = "released"
    CONSUMED = "consumed"


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation as stored: the truth that commands about it are measured by.

    Args:
        event_id: the command that made it; an order's later hold has another one.
        lines: what is held, each SKU once.
        expires_at: from when on a timeout may end it (ISO-8601).
        given_back_at: of an order that never held anything when the newest release was written
            (ISO-8601): a request from before that comes too late. Empty for any other.
    """

    order_id: str
    event_id: str
    lines: tuple[StockLine, ...]
    status: HoldStatus
    expires_at: str
    given_back_at: str = ""

    @property
    def units(self) -> Mapping[str, int]:
        """Held units by SKU."""
        return {line.sku: line.quantity for line in self.lines}

    @classmethod
    def from_item(cls, item: Item) -> "Hold":
        """As read, whatever became of it."""
        lines = cast("Sequence[Item]", item["items"])
        return cls(
            order_id=str(item["orderId"]),
            event_id=str(item["eventId"]),
            lines=tuple(_line(line) for line in lines),
            status=HoldStatus(str(item["status"])),
            expires_at=str(item["expiresAt"]),
            given_back_at=str(item.get("givenBackAt") or ""),
        )


def hold_of(item: Item | None) -> Hold | None:
    """The hold that is in force, None if there is none any more."""
    hold = None if item is None else Hold.from_item(item)
    return hold if hold is not None and hold.status is HoldStatus.HELD else None


def line_item(line: StockLine) -> Mapping[str, Value]:
    """A held line as stored."""
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
