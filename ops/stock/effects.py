"""What an operator's action emits, decided on the stock row as it was read."""

from collections.abc import Sequence

from ops.stock.domain import OperatorAction, Request, Return
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.contracts.envelope import JsonObject
from shared.contracts.inventory import StockReason, StockUpdated, StockUpdatedPayload
from shared.kernel.ids import is_id
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.records.stock import StockRow
from shared.storage.writes import Write


def moved(
    action: OperatorAction, request: Request, row: StockRow, delta: int, writes: Sequence[Write]
) -> Effects:
    """The units moved, exactly from what was read; a count that was right moves nothing.

    The audit entry comes last: a run that repeats the action reads from it what was done.

    Args:
        writes: what the store changes for it.
    """
    order_id = request.order_id if isinstance(request, Return) else None
    after = row.available + delta
    audit = audited(
        action,
        AuditAction.of("stock", request.reason),
        row.product_id,
        row.sku,
        before={"available": row.available, "reserved": row.reserved},
        after={"available": after, "reserved": row.reserved},
        orderId=order_id,
    )
    updates = [announced(row, request.reason, after=after, order_id=order_id)] if delta else []
    return Effects(
        outcome=request.reason,
        writes=writes,
        emits=[*updates, audit],
    )


def announced(
    row: StockRow,
    reason: StockReason,
    *,
    after: int,
    before: int | None = None,
    order_id: str | None = None,
) -> Emit:
    """The movement, with its exact delta.

    Args:
        before: what was available, if not what was read.
    """
    before = row.available if before is None else before
    payload = StockUpdatedPayload(
        product_id=row.product_id,
        variation_id=row.variation_id,
        previous_stock=before,
        new_stock=after,
        reason=reason,
        order_id=order_id,
        delta=after - before,
    )
    return Emit(StockUpdated, payload)


def audited(
    action: OperatorAction,
    kind: AuditAction,
    product_id: str,
    sku: str,
    *,
    before: JsonObject | None,
    after: JsonObject,
    **facts: str | None,
) -> Emit:
    """Who did what to which SKU, and why, with the state before and after.

    Args:
        kind: the action as the audit trail calls it.
    """
    metadata = {
        "sku": sku,
        "operator": action.operator,
        "reason": action.why,
        "request": action.request,
        **{name: value for name, value in facts.items() if value is not None},
        **Actor.operator(action.operator).as_metadata(),
    }
    payload = AuditPayload(
        action=kind,
        entity_type="stock",
        entity_id=product_id,
        user_id=action.operator if is_id(action.operator) else None,
        previous_state=before,
        new_state=after,
        metadata=metadata,
    )
    return Emit(AuditRecorded, payload)
