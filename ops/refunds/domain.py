"""A refund as operators and payment integrations see it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shared.storage.records.checkout import CheckoutRow, RefundRow


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of one payment that goes back, or went.

    Args:
        amount: the whole of the payment, in the shop's currency.
        since: when it was asked for (ISO-8601).
        reference: the provider's name for the refund, empty until it is settled.
        is_vouched: whether the shop vouched for the payment when it was named.
    """

    order_id: str
    payment_id: str
    user_id: str | None
    amount: Decimal
    reason: str
    since: str
    status: str
    reference: str
    is_vouched: bool = True

    @classmethod
    def of(cls, checkout: CheckoutRow, refund: RefundRow) -> "Refund":
        """As its checkout tells it."""
        return cls(
            order_id=checkout.order_id,
            payment_id=checkout.payment_id,
            user_id=checkout.user_id,
            amount=refund.amount,
            reason=refund.reason,
            since=refund.requested_at,
            status=refund.status,
            reference=refund.reference,
            is_vouched=refund.is_vouched,
        )

    def as_json(self) -> Mapping[str, str | bool]:
        """For programs; the amount as text, so that no program rounds it."""
        return {
            "orderId": self.order_id,
            "paymentId": self.payment_id,
            "amount": f"{self.amount:.2f}",
            "reason": self.reason,
            "requestedAt": self.since,
            "status": self.status,
            **({"reference": self.reference} if self.reference else {}),
            **({} if self.is_vouched else {"paymentVouched": False}),
        }
