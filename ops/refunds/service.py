"""The side of a refund that a payment integration sees: what is owed, and that it was paid.

The pipeline asks once per payment and moves no money itself. The program that moves it takes the payment id
as the provider's idempotency key, and says here that it is done.
"""

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.refunds.domain import Refund
from ops.refunds.store import RefundTables, settlement_write
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError, UnreadableRowError
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit
from shared.storage.ports import Tables
from shared.storage.records.checkout import REQUESTED, SETTLED


class RefundService:
    """Where refunds are looked at and settled."""

    def __init__(self, tables: Tables, ledger: OperatorLedger, clock: Clock) -> None:
        self._refunds, self._ledger, self._clock = RefundTables(tables), ledger, clock

    def list(self, status: str, limit: int) -> list[Refund | UnreadableRowError]:
        """Refunds in a state, longest waiting first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._refunds.by_status(status, limit)

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
        refund = self._refunds.find(order_id)
        if refund is None:
            raise OperatorError(f"order: no money of {order_id} is to go back")
        return refund

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
        settled = settlement_write(refund, reference, iso(self._clock.now()))
        audit = AuditPayload(
            action=AuditAction.REFUND_SETTLED,
            entity_type="payment",
            entity_id=refund.payment_id,
            user_id=refund.user_id,
            previous_state={"status": REQUESTED},
            new_state={"status": SETTLED, "amount": refund.amount},
            metadata={
                "orderId": refund.order_id,
                "reference": reference,
                "operator": operator,
                **Actor.operator(operator).as_metadata(),
            },
        )
        effects = Effects(outcome=SETTLED, writes=[settled], emits=[Emit(AuditRecorded, audit)])
        correlation = self._refunds.correlation_of(refund.order_id)
        return self._ledger.commit(
            event_id,
            AuditAction.REFUND_SETTLED,
            effects,
            attempt=attempt,
            correlation_id=correlation,
            order_id=refund.order_id,
        )
