"""What the inventory topic tells others: the one place where its events are built."""

from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.contracts.inventory import StockLowPayload, StockUpdatedPayload
from shared.contracts.lines import StockLine
from shared.contracts.notifications import EmailPayload, EmailRequested
from shared.contracts.topics import Topic
from shared.kernel.text import one_line
from shared.messaging.outbox import Emit
from shared.storage.records.stock import ARMED, RAISED, StockRow


def low_of(
    product: StockUpdatedPayload | StockLowPayload | StockLine, row: StockRow
) -> StockLowPayload:
    """A product that runs low, as its row tells it."""
    return StockLowPayload(
        product_id=product.product_id,
        variation_id=product.variation_id,
        current_stock=row.available,
        threshold=row.threshold,
        product_name=row.title,
    )


def alert_mail_of(alert: StockLowPayload, address: str) -> Emit:
    """The mail that tells the shop of it."""
    mail = EmailPayload(
        to=address,
        subject=one_line(f"Low stock - {alert.product_name}", 200),
        template_id="low-stock-alert",
        template_data={
            "productName": alert.product_name,
            "sku": alert.sku,
            "currentStock": alert.current_stock,
            "threshold": alert.threshold,
        },
        priority="normal",
    )
    return Emit(EmailRequested, mail)


def raised_of(alert: StockLowPayload) -> Emit:
    """The audit entry of an alert that is raised."""
    return _alert_moved(
        alert, AuditAction.STOCK_LOW, ARMED, RAISED, alert.current_stock, alert.threshold
    )


def rearmed_of(product: StockUpdatedPayload | StockLine, row: StockRow) -> Emit:
    """The audit entry of an alert that may be raised again."""
    return _alert_moved(
        product, AuditAction.STOCK_REARMED, RAISED, ARMED, row.available, row.threshold
    )


def _alert_moved(
    product: StockLowPayload | StockUpdatedPayload | StockLine,
    action: AuditAction,
    before: str,
    after: str,
    stock: int,
    threshold: int,
) -> Emit:
    audit = AuditPayload(
        action=action,
        entity_type="stock",
        # A SKU with a variation is no identifier; it stands in the metadata.
        entity_id=product.product_id,
        previous_state={"alert": before},
        new_state={"alert": after, "currentStock": stock, "threshold": threshold},
        metadata={"sku": product.sku, **Actor.system(Topic.INVENTORY).as_metadata()},
    )
    return Emit(AuditRecorded, audit)
