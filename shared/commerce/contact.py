"""Correcting whom an order goes to: until it leaves, by an event that the orders function decides.

The payment stays bound to what its first request said; a correction changes the order, never that
(S40).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from shared.commerce.order_status import BY_STATUS
from shared.commerce.payment_identity import CONTACT
from shared.contracts.envelope import VERSION, plain, validated
from shared.contracts.orders import CorrectedPayload, OrderCorrected
from shared.contracts.statuses import OrderStatus
from shared.contracts.topics import ORDER_CORRECTED
from shared.kernel.clock import iso
from shared.storage.records.order import OrderRow

# How often the customer of an order may correct it: more than mistakes need, and too few to send
# mails of ours to a list of addresses.
MOST_BY_CUSTOMER = 5


def may_correct(status: OrderStatus) -> bool:
    """Whether contact data still counts for an order in this state: its parcel is in the house."""
    state = BY_STATUS[status]
    return not (state.has_left or state.is_terminal)


def may_customer_correct(order: OrderRow) -> bool:
    """Whether the customer has corrections left."""
    return order.customer_corrections < MOST_BY_CUSTOMER


def contact_in(payload: CorrectedPayload) -> Mapping[str, str]:
    """The contact fields that a correction names, by name on the wire."""
    values = plain(payload)
    return {name: values[name] for name in CONTACT if name in values}


def news_in(told: Mapping[str, str], order: OrderRow) -> Mapping[str, str]:
    """What of it the order does not say already."""
    known = order.contact
    return {name: value for name, value in told.items() if value != known[name]}


def correction_of(
    order: OrderRow,
    told: Mapping[str, str],
    *,
    reason: str,
    by: Literal["user", "admin"],
    event_id: str,
    source: str,
    at: datetime,
    operator: str | None = None,
) -> OrderCorrected | None:
    """The event that asks for a correction, None if the order says all of it already.

    Args:
        told: contact fields by name on the wire, as a person typed them; only what is new travels.
        by: the customer of the order, or an operator.
        at: when it was asked for.

    Raises:
        InvalidInputError: a value breaks a rule; names it.
    """
    payload = {
        "orderId": order.order_id,
        "userId": order.user_id,
        **told,
        "reason": reason,
        "correctedBy": by,
        **({} if operator is None else {"operator": operator}),
    }
    event = validated(
        OrderCorrected,
        {
            "eventId": event_id,
            "eventType": ORDER_CORRECTED,
            "timestamp": iso(at),
            "version": VERSION,
            "source": source,
            "correlationId": order.correlation_id or order.order_id,
            "payload": payload,
        },
    )
    news = news_in(contact_in(event.payload), order)
    if not news:
        return None
    only_news = {**{n: v for n, v in payload.items() if n not in CONTACT}, **news}
    return event.model_copy(update={"payload": validated(CorrectedPayload, only_news)})
