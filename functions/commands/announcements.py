"""What others are told when held units move."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.inventory import StockUpdated, StockUpdatedPayload
from shared.contracts.lines import StockLine
from shared.effects import Emit
from shared.envelope import plain
from shared.holds import HoldStatus


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


def audited(
    order_id: str,
    action: str,
    lines: Sequence[StockLine],
    *,
    before: HoldStatus | None,
    after: HoldStatus | Literal["refused"],
    **facts: str,
) -> Emit:
    """The audit entry about a reservation."""
    state: dict[str, Any] = {"status": str(after), "items": [plain(line) for line in lines]}
    return Emit(
        AuditRecorded,
        AuditPayload(
            action=action,
            entity_type="reservation",
            entity_id=order_id,
            previous_state={"status": "none" if before is None else before.value},
            new_state={**state, **facts},
        ),
    )
