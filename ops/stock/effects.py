"""What a move on a shelf stores and tells, decided on the shelf as it was read."""

from dataclasses import dataclass

from ops.stock.domain import Request, Return, Shelf, Sold, parts_of
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.envelope import JsonObject
from shared.contracts.inventory import StockReason, StockUpdated, StockUpdatedPayload
from shared.kernel.ids import is_id
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.bounded import MAX_TEXT
from shared.storage.records.order import ReturnedUnits, note_return
from shared.storage.schema import STOCK
from shared.storage.writes import Check, Equals, Update, Write


@dataclass(frozen=True, slots=True)
class Deed:
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


def moved(deed: Deed, request: Request, shelf: Shelf, delta: int, sold: Sold | None) -> Effects:
    """The shelf moved, exactly from what was read; a count that was right moves nothing.

    The audit entry comes last: whoever repeats the deed reads from it what was done.
    """
    order_id = request.order_id if isinstance(request, Return) else None
    after = shelf.available + delta
    audit = audited(
        deed,
        f"stock.{request.reason}",
        shelf.product_id,
        shelf.sku,
        before={"available": shelf.available, "reserved": shelf.reserved},
        after={"available": after, "reserved": shelf.reserved},
        orderId=order_id,
    )
    updates = [announced(shelf, after, request.reason, order_id)] if delta else []
    return Effects(
        outcome=request.reason,
        writes=[_shelf_write(deed, shelf, delta), *_noted(deed, request, sold)],
        emits=[*updates, audit],
    )


def announced(
    shelf: Shelf, after: int, reason: StockReason, order_id: str | None = None, *, before: int = -1
) -> Emit:
    """The movement, with its exact delta.

    Args:
        before: what the shelf had, if not what was read.
    """
    before = shelf.available if before < 0 else before
    payload = StockUpdatedPayload(
        product_id=shelf.product_id,
        variation_id=shelf.variation_id,
        previous_stock=before,
        new_stock=after,
        reason=reason,
        order_id=order_id,
        delta=after - before,
    )
    return Emit(StockUpdated, payload)


def audited(
    deed: Deed,
    action: str,
    product_id: str,
    sku: str,
    *,
    before: JsonObject | None,
    after: JsonObject,
    **facts: str | None,
) -> Emit:
    """Who did what to which shelf, and why, with the state before and after."""
    metadata = {
        "sku": sku,
        "operator": deed.operator,
        "reason": deed.why,
        "request": deed.request,
        **{name: value for name, value in facts.items() if value is not None},
    }
    payload = AuditPayload(
        action=action,
        entity_type="stock",
        entity_id=product_id,
        user_id=deed.operator if is_id(deed.operator) else None,
        previous_state=before,
        new_state=after,
        metadata=metadata,
    )
    return Emit(AuditRecorded, payload)


def _shelf_write(deed: Deed, shelf: Shelf, delta: int) -> Write:
    # Exactly what was read, so that before and after in the audit trail are what happened, and
    # nothing can have been sold that the new number does not know of.
    as_read = (Equals("available", shelf.available),)
    if not delta:
        return Check(STOCK.name, {"sku": shelf.sku}, when=as_read)
    return Update(
        STOCK.name,
        {"sku": shelf.sku},
        add={"available": delta},
        set={"updatedAt": deed.at},
        when=as_read,
    )


def _noted(deed: Deed, request: Request, sold: Sold | None) -> list[Write]:
    if not isinstance(request, Return) or sold is None:
        return []
    product, variation = parts_of(request.sku)
    units = ReturnedUnits(
        at=deed.at,
        product_id=product,
        variation_id=variation,
        quantity=request.units,
        event_id=deed.event_id,
        operator=deed.operator,
        reason=deed.why[:MAX_TEXT],
    )
    # Another return of this order in the meantime fails this write: then it is read again.
    return [note_return(sold.order, units)]
