"""Use cases of the inventory topic."""

from functions.inventory.domain import ShelfState, alert_change
from functions.inventory.ports import Shelves
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.inventory import StockLow, StockLowPayload, StockUpdated, StockUpdatedPayload
from shared.contracts.notifications import EmailPayload, EmailRequested
from shared.effects import Effects, Emit, Measure
from shared.envelope import one_line
from shared.errors import NotFoundError
from shared.writes import Write


def record_movement(event: StockUpdated, *, shelves: Shelves) -> Effects:
    """Keep the movement; raise or re-arm the low-stock alert of its shelf.

    Raises:
        NotFoundError: no such SKU.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    shelf = shelves.look(payload.sku)
    if shelf is None:
        raise NotFoundError(f"payload.productId: there is no stock of {payload.sku}")
    writes: list[Write] = [shelves.moved(event)]
    change = alert_change(shelf)
    if change == "raise":
        writes.append(shelves.raise_alert(payload.sku, shelf.threshold))
        return Effects(
            outcome="low",
            writes=writes,
            emits=[Emit(StockLow, _low(payload, shelf))],
            measures=(Measure("LowStockAlerts", 1),),
            facts={"sku": payload.sku},
        )
    if change == "rearm":
        writes.append(shelves.rearm(payload.sku, shelf.threshold))
    outcome = "rearmed" if change == "rearm" else "recorded"
    return Effects(outcome=outcome, writes=writes, facts={"sku": payload.sku})


def alert_the_shop(event: StockLow, *, alert_address: str) -> Effects:
    """Tell the shop by mail that a product runs low."""
    payload = event.payload
    mail = EmailPayload(
        to=alert_address,
        subject=one_line(f"Low stock - {payload.product_name}", 200),
        template_id="low-stock-alert",
        template_data={
            "productName": payload.product_name,
            "sku": payload.sku,
            "currentStock": payload.current_stock,
            "threshold": payload.threshold,
        },
        priority="normal",
    )
    audit = AuditPayload(
        action="stock.low",
        entity_type="stock",
        entity_id=payload.product_id,
        new_state={"currentStock": payload.current_stock, "threshold": payload.threshold},
        metadata={"sku": payload.sku},
    )
    return Effects(
        outcome="alerted",
        emits=[Emit(EmailRequested, mail), Emit(AuditRecorded, audit)],
        facts={"sku": payload.sku},
    )


def _low(payload: StockUpdatedPayload, shelf: ShelfState) -> StockLowPayload:
    return StockLowPayload(
        product_id=payload.product_id,
        variation_id=payload.variation_id,
        current_stock=shelf.available,
        threshold=shelf.threshold,
        product_name=shelf.name,
    )
