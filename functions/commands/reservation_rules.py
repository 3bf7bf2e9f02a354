"""Whether units may be held for an order, and when they are given back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.lines import MAX_HELD_SKUS, MAX_QUANTITY, StockLine
from shared.kernel.errors import InvalidInputError, ReservationConflictError
from shared.storage.records.reservation import Hold, HoldStatus

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
    if len(by_sku) > MAX_HELD_SKUS:
        raise InvalidInputError(
            "payload.items", f"must name at most {MAX_HELD_SKUS} different products"
        )
    return Request(order_id, tuple(by_sku.values()))


def judge(
    request: Request, known: Hold | None, available: Mapping[str, int], asked_at: str
) -> ReserveDecision:
    """Hold every line or none, and none that were given back before their request arrived (I28).

    Args:
        asked_at: when the request was written (ISO-8601).
        known: the order's reservation, whatever became of it.
        available: units by SKU; one that does not exist is not in it, and nothing of it is to be had.

    Raises:
        ReservationConflictError: the order holds other lines, or has used what it held.
    """
    if known is not None and known.status is HoldStatus.CONSUMED:
        raise ReservationConflictError("payload.orderId: its reservation already became an order")
    if known is not None and known.status is HoldStatus.HELD:
        if known.units == request.units:
            return "already_held"
        raise ReservationConflictError("payload.items: the order already holds something else")
    if known is not None and asked_at < known.given_back_at:
        return "already_given_back"
    short = [sku for sku, units in request.units.items() if available.get(sku, 0) < units]
    return "refused" if short else "held"


def judge_release(known: Hold | None, reason: str, now: str) -> ReleaseDecision:
    """Give back what is held; a timeout only when this very hold is over.

    The release that was sent with an earlier hold of the same order says ``timeout`` too, and must
    not end a newer one.

    Args:
        now: the current moment (ISO-8601).
    """
    if known is None:
        return "nothing_held"
    if known.status is HoldStatus.CONSUMED:
        return "already_consumed"
    if known.status is HoldStatus.RELEASED:
        return "already_released"
    return "not_expired" if reason == TIMEOUT and now < known.expires_at else "released"


def is_news(known: Hold | None, reason: str, asked_at: str) -> bool:
    """Whether a release that gives nothing back says something about a request still under way.

    Only where the order never held anything: after a hold, who is meant is its end. A timeout says
    nothing either: every hold has one of its own.
    """
    if reason == TIMEOUT:
        return False
    return known is None or "" < known.given_back_at < asked_at
