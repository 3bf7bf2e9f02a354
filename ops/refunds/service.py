"""The side of a refund that a payment integration sees: what is owed, and that it was paid.

The pipeline asks once per payment and moves no money itself. Whoever moves it takes the payment id
as the provider's idempotency key, and says here that it is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit, Outbound
from shared.storage.ports import Tables
from shared.storage.records.checkout import (
    REQUESTED,
    SETTLED,
    CheckoutRow,
    RefundRow,
    settle_refund,
)
from shared.storage.schema import CHECKOUTS


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of one payment that goes back, or went.

    Args:
        amount: the whole of the payment, in the shop's currency.
        since: when it was asked for (ISO-8601).
        reference: the provider's name for the refund, empty until it is settled.
    """

    order_id: str
    payment_id: str
    user_id: str | None
    amount: Decimal
    reason: str
    since: str
    status: str
    reference: str

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
        )

    def as_json(self) -> Mapping[str, str]:
        """For programs; the amount as text, so that nobody rounds it."""
        return {
            "orderId": self.order_id,
            "paymentId": self.payment_id,
            "amount": f"{self.amount:.2f}",
            "reason": self.reason,
            "requestedAt": self.since,
            "status": self.status,
            **({"reference": self.reference} if self.reference else {}),
        }


class RefundService:
    """Where refunds are looked at and settled."""

    def __init__(self, tables: Tables, ledger: OperatorLedger, clock: Clock) -> None:
        self._tables, self._ledger, self._clock = tables, ledger, clock

    def list(self, status: str, limit: int) -> list[Refund]:
        """Refunds in a state, longest waiting first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, status, index="refunds", limit=limit)
        rows = [CheckoutRow.from_item(item) for item in items]
        return [Refund.of(row, row.refund) for row in rows if row.refund is not None]

    def settle(
        self, order_id: str, *, reference: str, operator: str
    ) -> tuple[Refund, PipelineError | None]:
        """Note that the money went back. Saying so again changes nothing.

        Returns:
            The refund as it stands, and why its audit entry did not leave yet, if it did not.

        Raises:
            OperatorError: nothing is to go back, or it went back under another reference.
            ContentionError: others kept changing the checkout; nothing was stored.
            DependencyError: the store did not answer; repeating is safe.
        """
        event_id = f"operator:refund:{order_id}"

        def settled(attempt: int) -> tuple[Refund, PipelineError | None]:
            refund = self._find(order_id)
            if refund.status == SETTLED:
                return self._settled_before(refund, reference, event_id)
            record = self._commit(refund, reference, operator, event_id, attempt)
            return self._find(order_id), self._ledger.publish([record])

        return self._ledger.retry_contention(
            settled,
            also_on=(AlreadyRecordedError,),  # another operator settles it this moment: look again
            gave_up=f"{order_id}: others keep changing it; nothing was stored",
        )

    def _find(self, order_id: str) -> Refund:
        checkout = self._checkout(order_id)
        if checkout is None or checkout.refund is None:
            raise OperatorError(f"order: no money of {order_id} is to go back")
        return Refund.of(checkout, checkout.refund)

    def _checkout(self, order_id: str) -> CheckoutRow | None:
        item = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return None if item is None else CheckoutRow.from_item(item)

    def _settled_before(
        self, refund: Refund, reference: str, event_id: str
    ) -> tuple[Refund, PipelineError | None]:
        if refund.reference != reference:
            raise OperatorError(
                f"--reference: {refund.order_id} is settled already, as {refund.reference}"
            )
        record = self._ledger.find(event_id)
        return refund, None if record is None else self._ledger.publish([record])

    def _commit(
        self, refund: Refund, reference: str, operator: str, event_id: str, attempt: int
    ) -> Record:
        settled = settle_refund(refund.order_id, reference=reference, now=iso(self._clock.now()))
        audit = AuditPayload(
            action="refund.settled",
            entity_type="payment",
            entity_id=refund.payment_id,
            user_id=refund.user_id,
            previous_state={"status": REQUESTED},
            new_state={"status": SETTLED, "amount": refund.amount},
            metadata={"orderId": refund.order_id, "reference": reference, "operator": operator},
        )
        effects = Effects(outcome=SETTLED, writes=[settled], emits=[Emit(AuditRecorded, audit)])
        correlation = self._correlation(refund.order_id)
        return self._ledger.commit(
            event_id, "refund.settled", effects, attempt=attempt, correlation_id=correlation
        )

    def _correlation(self, order_id: str) -> str:
        # The refund belongs to its order's trace, whatever name that goes by.
        checkout = self._checkout(order_id)
        if checkout is None or checkout.command is None:
            return order_id
        return Outbound.from_item(checkout.command).correlation_id or order_id
