"""Stock rows: how many units there are, and the moves between shelf, hold and order.

Units on the shelf plus units held change only when something is sold; every other move takes from
one and gives to the other (I2). No move takes what is not there (I1).
"""

from collections.abc import Iterable, Mapping

from shared.storage.ports import Tables
from shared.storage.schema import STOCK
from shared.storage.writes import AtLeast, Condition, Update


def available_of(tables: Tables, skus: Iterable[str]) -> Mapping[str, int]:
    """Units available now of each SKU that exists, in one batch.

    Raises:
        DependencyError: the store did not answer.
    """
    wanted = list(skus)
    rows = tables.get_many([(STOCK.name, {"sku": sku}) for sku in wanted])
    found = zip(wanted, rows, strict=True)
    return {sku: int(str(row["available"])) for sku, row in found if row is not None}


def hold(sku: str, units: int, now: str) -> Update:
    """From the shelf into a hold."""
    return _move(sku, available=-units, reserved=units, now=now)


def give_back(sku: str, units: int, now: str) -> Update:
    """From a hold back to the shelf."""
    return _move(sku, available=units, reserved=-units, now=now)


def sell(sku: str, units: int, *, held: int, now: str) -> Update:
    """Into an order: first what the order holds, the rest from the shelf.

    What it holds beyond that goes back to the shelf.
    """
    return _move(sku, available=held - units, reserved=-held, now=now)


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
