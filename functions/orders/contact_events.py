"""What a correction of contact data tells: the mails to both addresses, and the audit entries.

An audit entry stays for ever, so it keeps digests of contact data and no word of it.
"""

from collections.abc import Mapping, Sequence

from functions.orders.domain import Verdict
from shared.commerce.payment_identity import digests_of
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload
from shared.contracts.audit_actions import AuditAction
from shared.contracts.envelope import plain
from shared.contracts.notifications import EmailPayload
from shared.contracts.orders import CorrectedPayload, OrderCorrected
from shared.storage.records.order import OrderRow

CORRECTED = "order-corrected"
NOTICE = "order-corrected-notice"


def mails_of(order: OrderRow, news: Mapping[str, str]) -> Sequence[EmailPayload]:
    """The mail to the address that counts now, and a notice to the one that counted before.

    The notice knows nothing of the new contact data: who reads the old mailbox may be a stranger,
    or may have to learn that a stranger had the order sent elsewhere.
    """
    corrected = EmailPayload(
        to=news.get("customerEmail", order.customer_email),
        subject=f"Your order has new contact data - {order.order_id}",
        template_id=CORRECTED,
        template_data={
            "orderId": order.order_id,
            "customerName": news.get("customerName", order.customer_name),
            "items": [plain(line) for line in order.lines],
            "totalAmount": order.total,
            "nameChanged": "customerName" in news,
            "emailChanged": "customerEmail" in news,
            "addressChanged": "customerAddress" in news,
        },
        priority="high",
        user_id=order.user_id,
        trust=order.trust,
    )
    if "customerEmail" not in news:
        return [corrected]
    notice = corrected.model_copy(
        update={
            "to": order.customer_email,
            "subject": f"The contact data of your order was changed - {order.order_id}",
            "template_id": NOTICE,
            "template_data": {"orderId": order.order_id, "customerName": order.customer_name},
        }
    )
    return [corrected, notice]


def correction_audit_of(
    event: OrderCorrected, order: OrderRow, news: Mapping[str, str]
) -> AuditPayload:
    """The audit entry of corrected contact data: which fields, from and to which digests."""
    before = digests_of(order.for_events(), order.order_id)
    after = digests_of({**order.for_events(), **news}, order.order_id)
    return _audit(
        AuditAction.ORDER_CORRECTED,
        event,
        order,
        before={name: before[name] for name in news},
        after={name: after[name] for name in news},
    )


def ignored_correction_of(event: OrderCorrected, order: OrderRow, verdict: Verdict) -> AuditPayload:
    """The audit entry of a correction that changed nothing, and why."""
    action = AuditAction.of(event.event_type, verdict)
    return _audit(action, event, order, before={}, after={}, verdict=verdict.value)


def facts_of(payload: CorrectedPayload, named: Sequence[str]) -> Mapping[str, str]:
    """What the timeline keeps beside the verdict: which fields, who and why."""
    facts = {
        "fields": ", ".join(named),
        "reason": payload.reason,
        "correctedBy": payload.corrected_by,
    }
    return facts if payload.operator is None else {**facts, "operator": payload.operator}


def _audit(
    action: AuditAction,
    event: OrderCorrected,
    order: OrderRow,
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    **facts: str,
) -> AuditPayload:
    return AuditPayload(
        action=action,
        entity_type="order",
        entity_id=order.order_id,
        user_id=order.user_id,
        previous_state={"status": order.status, **before},
        new_state={"status": order.status, **after},
        metadata={
            **facts,
            "reason": event.payload.reason,
            **_actor_of(event.payload, order).as_metadata(),
        },
    )


def _actor_of(payload: CorrectedPayload, order: OrderRow) -> Actor:
    if payload.corrected_by == "user":
        return Actor.customer(order.user_id)
    return Actor.operator(payload.operator or payload.corrected_by)
