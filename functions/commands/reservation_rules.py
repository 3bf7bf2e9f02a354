"""Whether units may be reserved for an order, and when they are released. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.lines import MAX_QUANTITY, MAX_RESERVED_SKUS, StockLine
from shared.kernel.errors import InvalidInputError, ReservationConflictError
from shared.storage.records.reservation import Reservation, ReservationStatus
from shared.storage.records.stock import StockRow

ReserveDecision = Literal["held", "refused", "already_held", "already_given_back"]
ReleaseDecision = Literal[
    "released", "not_expired", "nothing_held", "already_released", "already_consumed"
]


TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Request:
    """Units wanted for an order: each SKU once."""

    order_id: str
    lines: tuple[StockLine, ...]

    @property
    def units(self) -> Mapping[str, int]:
        """Wanted units by SKU."""
        return {line.sku: line.quantity for line in self.lines}


def request_of(order_id: str, lines: Sequence[StockLine]) -> Request:
    """The request that a command carries, with duplicates of a SKU added together.

    Raises:
        InvalidInputError: more than the most units of one SKU, or too many SKUs.
    """
    by_sku: dict[str, StockLine] = {}
    for index, line in enumerate(lines):
        known = by_sku.get(line.sku)
        quantity = line.quantity + (known.quantity if known else 0)
        if quantity > MAX_QUANTITY:
            raise InvalidInputError(
                f"payload.items[{index}].quantity", f"must add up to at most {MAX_QUANTITY}"
            )
        by_sku[line.sku] = line.model_copy(update={"quantity": quantity})
    if len(by_sku) > MAX_RESERVED_SKUS:
        raise InvalidInputError(
            "payload.items", f"must name at most {MAX_RESERVED_SKUS} different products"
        )
    return Request(order_id, tuple(by_sku.values()))


def judge(
    request: Request, known: Reservation | None, stock: Mapping[str, StockRow], asked_at: str
) -> ReserveDecision:
    """Reserve every line or none, and none that were released before their request arrived (I28).

    Args:
        asked_at: when the request was written (ISO-8601).
        known: the order's reservation, whatever became of it.
        stock: rows by SKU; a SKU that does not exist is not in it, and has no units.

    Raises:
        ReservationConflictError: the order has other lines reserved, or bought what it had reserved.
    """
    if known is not None and known.status is ReservationStatus.CONSUMED:
        raise ReservationConflictError("payload.orderId: its reservation already became an order")
    if known is not None and known.status is ReservationStatus.HELD:
        if known.units == request.units:
            return "already_held"
        raise ReservationConflictError(
            "payload.items: the order already has something else reserved"
        )
    if known is not None and asked_at < known.early_release_at:
        return "already_given_back"
    for sku, units in request.units.items():
        if sku not in stock or stock[sku].available < units:
            return "refused"
    return "held"


def judge_release(known: Reservation | None, reason: str, now: str) -> ReleaseDecision:
    """Release what is reserved; a timeout does so only when this very reservation is over.

    The release that was sent with an earlier reservation of the same order says ``timeout`` too,
    and must not end a newer one.

    Args:
        now: the current moment (ISO-8601).
    """
    if known is None:
        return "nothing_held"
    if known.status is ReservationStatus.CONSUMED:
        return "already_consumed"
    if known.status is ReservationStatus.RELEASED:
        return "already_released"
    return "not_expired" if reason == TIMEOUT and now < known.expires_at else "released"


def is_news(known: Reservation | None, reason: str, asked_at: str) -> bool:
    """Whether a release that releases nothing says something about a request still under way.

    Only where the order never reserved anything: after a reservation, its end is what is meant. A
    timeout says nothing either: every reservation has one of its own.
    """
    if reason == TIMEOUT:
        return False
    return known is None or "" < known.early_release_at < asked_at
