"""Stock rows: how a SKU's row is stored and read, and every move of its units.

Units available plus units reserved change only when something is sold, arrives, is counted or comes
back; every other move takes from one and gives to the other (I2). No move takes what is not there
(I1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.kernel.legible import legible
from shared.kernel.text import one_line
from shared.storage.ports import Tables
from shared.storage.records.reservation import Reservation
from shared.storage.schema import STOCK
from shared.storage.writes import (
    Absent,
    AtLeast,
    AtMost,
    Check,
    Condition,
    Equals,
    Item,
    Key,
    Present,
    Put,
    Update,
)

MAX_TITLE = 200
# Whether the next fall to the threshold raises an alert, or one was raised already.
ARMED = "armed"
RAISED = "raised"


@dataclass(frozen=True, slots=True)
class StockRow:
    """What the shop knows of a SKU: the product, its units, and its low-stock alert.

    Args:
        sku: ``productId`` or ``productId#variationId``.
        name: as the catalogue has it; people are shown ``title``.
        available: units that can be ordered or reserved.
        reserved: units that are kept for orders that are yet to come.
        threshold: at so many available units or fewer the SKU is low.
        alert: ``armed`` or ``raised``; empty if the row has none.
        opened_with: units that no movement accounts for, None if the row does not say.
        updated_at: when its units or its catalogue facts last changed (ISO-8601), or empty.
    """

    sku: str
    name: str
    price: Decimal
    available: int
    reserved: int = 0
    threshold: int = 0
    alert: str = ""
    opened_with: int | None = None
    updated_at: str = ""

    @property
    def product_id(self) -> str:
        """The product that the SKU is of."""
        return self.sku.partition("#")[0]

    @property
    def variation_id(self) -> str | None:
        """The variation of the product, None if it has none."""
        return self.sku.partition("#")[2] or None

    @property
    def title(self) -> str:
        """The name as people are shown it: one line, without what cannot be seen."""
        return one_line(legible(self.name), MAX_TITLE)

    @property
    def is_low(self) -> bool:
        """Whether it is at its threshold or below."""
        return self.available <= self.threshold

    def orderable(self, reservation: Reservation | None) -> int:
        """Units that an order may have: those available, and those reserved for this very order.

        Args:
            reservation: the order's own, if one is in force.
        """
        own = reservation.units.get(self.sku, 0) if reservation is not None else 0
        return self.available + own

    @classmethod
    def from_item(cls, item: Item) -> "StockRow":
        """As read; a row from before an attribute was added lacks it."""
        opened_with = item.get("openedWith")
        return cls(
            sku=str(item["sku"]),
            name=str(item["name"]),
            price=Decimal(str(item["price"])),
            available=int(str(item["available"])),
            reserved=int(str(item.get("reserved") or 0)),
            threshold=int(str(item.get("threshold") or 0)),
            alert=str(item.get("alert") or ""),
            opened_with=None if opened_with is None else int(str(opened_with)),
            updated_at=str(item.get("updatedAt") or ""),
        )

    def to_item(self) -> Item:
        """As stored: the store leaves out what is None."""
        return {
            "sku": self.sku,
            "productId": self.product_id,
            "variationId": self.variation_id,
            "name": self.name,
            "price": self.price,
            "available": self.available,
            "reserved": self.reserved,
            "threshold": self.threshold,
            "alert": self.alert or None,
            "openedWith": self.opened_with,
            "updatedAt": self.updated_at or None,
        }


# ------------------------------------------------------------------ reading
def stock_key(sku: str) -> tuple[str, Key]:
    """Where the row of a SKU is: table and key."""
    return STOCK.name, {"sku": sku}


def stock_by_sku(items: Iterable[Item | None]) -> Mapping[str, StockRow]:
    """The rows of a batch by SKU; a SKU that does not exist is not in it."""
    rows = [StockRow.from_item(item) for item in items if item is not None]
    return {row.sku: row for row in rows}


def read_stock(tables: Tables, skus: Iterable[str]) -> Mapping[str, StockRow]:
    """The rows as they are now, in one batch; a SKU that does not exist is not in it.

    Raises:
        DependencyError: the store did not answer.
    """
    keys = [stock_key(sku) for sku in skus]
    return stock_by_sku(tables.get_many(keys)) if keys else {}


# ------------------------------------------------------------------ moves of units
def reserve(sku: str, units: int, now: str) -> Update:
    """Available units are reserved for an order."""
    return _move(sku, available=-units, reserved=units, now=now)


def release(sku: str, units: int, now: str) -> Update:
    """Reserved units are available again."""
    return _move(sku, available=units, reserved=-units, now=now)


def sell(sku: str, units: int, *, reserved: int, now: str) -> Update:
    """Units go into an order: first what is reserved for it, the rest from what is available.

    Args:
        reserved: units that are reserved for the order; those it does not need are available again.
    """
    return _move(sku, available=reserved - units, reserved=-reserved, now=now)


def return_to_stock(sku: str, units: int, now: str) -> Update:
    """Units of an order that is cancelled are available again, if the SKU still exists."""
    return Update(
        STOCK.name,
        {"sku": sku},
        add={"available": units},
        set={"updatedAt": now},
        when=(Present(),),
    )


def adjust(row: StockRow, delta: int, now: str) -> Update | Check:
    """Units arrive, come back or were counted: exactly from the number that was read.

    The condition makes before and after in the audit trail what happened, and nothing can have been
    sold that the new number does not know of. A count that was right moves nothing, and is checked
    all the same.
    """
    as_read = (Equals("available", row.available),)
    if not delta:
        return Check(STOCK.name, {"sku": row.sku}, when=as_read)
    return Update(
        STOCK.name,
        {"sku": row.sku},
        add={"available": delta},
        set={"updatedAt": now},
        when=as_read,
    )


def _move(sku: str, *, available: int, reserved: int, now: str) -> Update:
    moves = {"available": available, "reserved": reserved}
    taken: tuple[Condition, ...] = tuple(
        AtLeast(name, -units) for name, units in moves.items() if units < 0
    )
    return Update(
        STOCK.name,
        {"sku": sku},
        add={name: units for name, units in moves.items() if units},
        set={"updatedAt": now},
        when=taken,
    )


# ------------------------------------------------------------------ the catalogue and the alert
def insert_stock_row(row: StockRow) -> Put:
    """A SKU comes into the catalogue, unless it is there."""
    return Put(STOCK.name, row.to_item(), when=(Absent(),))


def update_catalogue(row: StockRow, wanted: StockRow, *, counted: bool) -> Update:
    """Catalogue facts as wanted, if they still are what was read.

    Args:
        counted: whether the units were counted too: then they must be as read, or nothing changes.
    """
    as_read: Sequence[Condition] = [
        Equals("name", row.name),
        Equals("price", row.price),
        Equals("threshold", row.threshold),
        *([Equals("available", row.available)] if counted else []),
    ]
    delta = wanted.available - row.available
    return Update(
        STOCK.name,
        {"sku": row.sku},
        set={
            "name": wanted.name,
            "price": wanted.price,
            "threshold": wanted.threshold,
            "updatedAt": wanted.updated_at,
        },
        add={"available": delta} if delta else {},
        when=tuple(as_read),
    )


def raise_alert(row: StockRow) -> Update:
    """Disarm the alert, if it is still armed and the SKU still low by the threshold as read."""
    return Update(
        STOCK.name,
        {"sku": row.sku},
        set={"alert": RAISED},
        when=(Equals("alert", ARMED), AtMost("available", row.threshold)),
    )


def rearm_alert(row: StockRow, level: int) -> Update:
    """Arm the alert again, if it is still raised and at least so many units are available."""
    return Update(
        STOCK.name,
        {"sku": row.sku},
        set={"alert": ARMED},
        when=(Equals("alert", RAISED), AtLeast("available", level)),
    )
