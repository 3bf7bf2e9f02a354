"""What the refunds commands print. Texts come from tables: they pass ``harmless``."""

from collections.abc import Sequence

from ops.core.terminal import harmless, table
from ops.refunds.domain import Refund


def refunds(found: Sequence[Refund]) -> str:
    """Refunds, one line each."""
    rows = [
        (r.since[:19], r.order_id, r.payment_id, f"{r.amount:.2f}", r.reference or _reason(r))
        for r in found
    ]
    return table(("asked for", "order", "payment", "amount", "reason or reference"), rows)


def _reason(refund: Refund) -> str:
    return refund.reason if refund.is_vouched else f"{refund.reason}, payment not vouched for"


def settled(refund: Refund) -> str:
    """The refund that was settled."""
    return (
        f"{harmless(refund.order_id)}  {refund.amount:.2f} settled as {harmless(refund.reference)}"
    )
