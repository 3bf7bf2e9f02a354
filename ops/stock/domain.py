"""What an operator may do to the stock of a SKU: the arithmetic, and what is refused. Pure.

Only ``available`` is ever moved. Units that are reserved for an order are not among those that an
operator counts.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from ops.core.errors import OperatorError
from shared.commerce.order_status import BY_STATUS
from shared.contracts.inventory import StockReason
from shared.kernel.ids import ID_RULE, is_id
from shared.storage.records.order import OrderRow
from shared.storage.records.stock import StockRow

MAX_UNITS = 1_000_000_000
UNITS_RULE = f"must be a whole number from 0 to {MAX_UNITS}"
SKU_RULE = f"must be productId or productId#variationId, each of which {ID_RULE}"
KEY_RULE = "must be 1 to 64 characters of A-Z a-z 0-9 . _ : -"
_KEY = re.compile(r"[A-Za-z0-9._:\-]{1,64}")
# Each is kept with the order, whose item must not fill up (I30).
MAX_RETURNS = 200


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """Who did what, when and why, and under which name it is remembered.

    Args:
        request: what was asked for, in words; the same key for other words is refused.
        at: the moment (ISO-8601).
    """

    event_id: str
    request: str
    operator: str
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of a SKU, as operators are shown it.

    Args:
        at: the moment to the second (ISO-8601).
        delta: units that came, or went if negative.
        before, after: units available as seen by whoever caused it, None if that is not known.
        order_id: the order that it was for, or empty.
    """

    at: str
    reason: str
    delta: int
    before: int | None
    after: int | None
    order_id: str


@dataclass(frozen=True, slots=True)
class Sold:
    """What an order had of a SKU, and what of it came back.

    Args:
        order: as it was read.
    """

    order: OrderRow
    units: int
    returned: int

    @classmethod
    def of(cls, order: OrderRow, sku: str) -> "Sold":
        """As stored with the order."""
        return cls(
            order=order,
            units=sum(line.quantity for line in order.lines if line.sku == sku),
            returned=sum(units.quantity for units in order.returns if units.sku == sku),
        )


@dataclass(frozen=True, slots=True)
class Restock:
    """Units arrived."""

    sku: str
    units: int

    reason: StockReason = "restock"

    def __str__(self) -> str:
        return f"restock {self.sku} {self.units}"


@dataclass(frozen=True, slots=True)
class Adjust:
    """The units were counted, or some were found or lost.

    Args:
        to: what there is now, or None if ``by`` says the difference.
        expected: what must be available before, None for whatever is.
    """

    sku: str
    to: int | None = None
    by: int = 0
    expected: int | None = None

    reason: StockReason = "adjustment"

    def __str__(self) -> str:
        change = f"by {self.by:+d}" if self.to is None else f"to {self.to}"
        return f"adjust {self.sku} {change}" + (
            "" if self.expected is None else f" from {self.expected}"
        )


@dataclass(frozen=True, slots=True)
class Return:
    """A customer sent units back."""

    sku: str
    units: int
    order_id: str

    reason: StockReason = "return"

    def __str__(self) -> str:
        return f"return {self.sku} {self.units} of {self.order_id}"


Request: TypeAlias = Restock | Adjust | Return


def parts_of(sku: str) -> tuple[str, str | None]:
    """Product and variation of a SKU.

    Raises:
        OperatorError: it is none.
    """
    product, mark, variation = sku.partition("#")
    if not is_id(product) or (mark and not is_id(variation)):
        raise OperatorError(f"sku: {SKU_RULE}")
    return product, variation if mark else None


def checked_key(key: str) -> str:
    """An idempotency key that may become part of an event id.

    Raises:
        OperatorError: it may not.
    """
    if _KEY.fullmatch(key) is None:
        raise OperatorError(f"--key: {KEY_RULE}")
    return key


def checked(request: Request) -> Request:
    """A request whose numbers make sense by themselves.

    Raises:
        OperatorError: names the argument and the rule.
    """
    parts_of(request.sku)
    match request:
        case Restock(units=units) | Return(units=units):
            if not 1 <= units <= MAX_UNITS:
                raise OperatorError(f"units: must be a whole number from 1 to {MAX_UNITS}")
        case Adjust(to=to, by=by, expected=expected):
            _check_adjustment(to, by, expected)
    if isinstance(request, Return) and not is_id(request.order_id):
        raise OperatorError(f"--order: {ID_RULE}")
    return request


def delta_of(request: Request, row: StockRow, sold: Sold | None) -> int:
    """How many units come to the stock, or leave it if negative.

    Args:
        sold: for a return, what the order had.

    Raises:
        OperatorError: it cannot be done to the stock, or for the order, as it is.
    """
    match request:
        case Adjust(to=to, by=by, expected=expected):
            if expected is not None and row.available != expected:
                said = f"{row.available} are available, not {expected}"
                raise OperatorError(f"--expected: {said}")
            delta = by if to is None else to - row.available
        case Return(units=units):
            _check_return(units, row.sku, sold)
            delta = units
        case Restock(units=units):
            delta = units
    if not 0 <= row.available + delta <= MAX_UNITS:
        said = f"{row.available} are available, {delta:+d} would leave {row.available + delta}"
        raise OperatorError(f"units: {said}; a SKU has from 0 to {MAX_UNITS}")
    return delta


def _check_adjustment(to: int | None, by: int, expected: int | None) -> None:
    if to is None and not 0 < abs(by) <= MAX_UNITS:
        raise OperatorError("--by: must be a whole number of units, such as -3 or +3, not 0")
    for name, value in (("--to", to), ("--expected", expected)):
        if value is not None and not 0 <= value <= MAX_UNITS:
            raise OperatorError(f"{name}: {UNITS_RULE}")


def _check_return(units: int, sku: str, sold: Sold | None) -> None:
    if sold is None:
        raise OperatorError("--order: there is no such order")
    order = sold.order
    if not BY_STATUS[order.status].has_left:
        said = f"is {order.status}: only what was shipped can come back"
        raise OperatorError(f"--order: {order.order_id} {said}")
    if sold.units == 0:
        raise OperatorError(f"--order: {order.order_id} has no {sku}")
    if units > sold.units - sold.returned:
        said = f"had {sold.units} of {sku}, {sold.returned} of them came back before"
        raise OperatorError(f"units: {order.order_id} {said}")
    if order.return_count >= MAX_RETURNS:
        said = f"has had {order.return_count} returns, and more are not kept with an order"
        raise OperatorError(
            f"--order: {order.order_id} {said}; return the units to stock with adjust"
        )
