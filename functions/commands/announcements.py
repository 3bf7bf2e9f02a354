"""What others are told when held units move."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.inventory import StockUpdated, StockUpdatedPayload
from shared.contracts.lines import StockLine
from shared.effects import Emit
from shared.envelope import plain


def back_on_shelf(
    order_id: str, lines: Sequence[StockLine], available: Mapping[str, int]
) -> Sequence[Emit]:
    """Units of a hold that can be bought again, by SKU that is still in the catalogue.

    The shelf has more than before, so its alert may be due again; nothing was sold or bought, so
    the delta is nought.
    """
    return [
        Emit(
            StockUpdated,
            StockUpdatedPayload(
                product_id=line.product_id,
                variation_id=line.variation_id,
                previous_stock=available[line.sku],
                new_stock=available[line.sku] + line.quantity,
                reason="adjustment",
                order_id=order_id,
                delta=0,
            ),
        )
        for line in lines
        if line.sku in available
    ]


def audited(order_id: str, action: str, lines: Sequence[StockLine], **facts: Any) -> Emit:
    """The audit entry about a reservation."""
    state = {"items": [plain(line) for line in lines], **facts}
    return Emit(
        AuditRecorded,
        AuditPayload(action=action, entity_type="reservation", entity_id=order_id, new_state=state),
    )
