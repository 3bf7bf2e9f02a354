"""What an event does to an order in a state, by the table of ``shared.commerce.order_status``."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from shared.commerce.contact import may_correct, may_customer_correct, news_in
from shared.commerce.order_status import BY_STATUS, CANCELLED, PENDING, SHIPPED, STEPS
from shared.commerce.payment_identity import amount_digest, identity_of_checkout
from shared.commerce.payment_trust import is_vouched, payment_vouched
from shared.contracts.envelope import Event
from shared.contracts.orders import OrderCancelled, OrderPayload, RefundPayload, RejectedPayload
from shared.contracts.statuses import OrderStatus
from shared.kernel.clock import iso
from shared.kernel.errors import (
    AlreadyShippedError,
    CheckoutRejectedError,
    NotFoundError,
    PipelineError,
    PredecessorMissingError,
    StoredFactError,
)
from shared.kernel.ids import may_be_order_id
from shared.storage.records.checkout import CheckoutRow, CheckoutState
from shared.storage.records.order import TRACKING, OrderRow
from shared.storage.records.timeline import TimelineEntry


class Verdict(StrEnum):
    """What an event did to an order. Every verdict is kept on the timeline."""

    APPLIED = "applied"
    CORRECTED = "corrected"
    CAPPED = "capped"
    REPEATED = "repeated"
    LATE = "late"
    RECORDED = "recorded"


UNCONFIRMED = "unconfirmed"
_LAPSE = {PENDING.status: Verdict.APPLIED, CANCELLED.status: Verdict.REPEATED}


def verdict_on(event_type: str, status: str) -> Verdict:
    """What an event does to an order in this state: only ``applied`` changes anything.

    Raises:
        PredecessorMissingError: nothing yet; the order is not that far, and may still get there.
    """
    step = STEPS[event_type]
    if status in step.follows:
        return Verdict.APPLIED
    if status == step.status:
        return Verdict.REPEATED
    if BY_STATUS[status].progress > max(BY_STATUS[state].progress for state in step.follows):
        return Verdict.LATE
    needed = " or ".join(step.follows)
    raise PredecessorMissingError(f"{event_type}: waits until the order is {needed}")


def verdict_of(event: Event, status: OrderStatus) -> Verdict:
    """What an event does to an order in this state, by its type and by what it says of itself.

    An order lapses only as long as nothing confirmed it: any step that came first wins.

    Raises:
        PredecessorMissingError: as by its type alone.
    """
    if isinstance(event, OrderCancelled) and event.payload.cause == UNCONFIRMED:
        return _LAPSE.get(status, Verdict.LATE)
    return verdict_on(event.event_type, status)


def asks_refund(event: OrderCancelled, order: OrderRow) -> bool:
    """Whether this cancellation asks for the money back.

    A lapse does not where no one vouched for the payment: a stranger may have named another one's
    payment and waited. A cancellation that a person decided does, and the request says so.
    """
    return event.payload.cause != UNCONFIRMED or is_vouched(order.trust)


def correction_of(order: OrderRow, told: Mapping[str, str], at: str) -> Mapping[str, str] | None:
    """What is known of a parcel after another announcement of it, None if nothing changes.

    The newest announcement counts, in whatever order they arrive. What it leaves out stays, but for
    the address of the parcel's page: that belongs to its number and its carrier.

    Args:
        told: carrier, number and page, as far as the event has them.
        at: when the event was written (ISO-8601).
    """
    known = order.tracking
    if order.status != SHIPPED.status or at <= order.tracking_at or order.erased_at:
        return None
    if all(known.get(name) == value for name, value in told.items()):
        return None
    moved = any(told.get(name, known.get(name)) != known.get(name) for name in TRACKING[:2])
    kept = {name: value for name, value in known.items() if not (moved and name == TRACKING[2])}
    return {**kept, **told}


def verdict_on_correction(
    order: OrderRow, told: Mapping[str, str], news: Mapping[str, str], *, by_customer: bool
) -> Verdict:
    """What a correction of contact data does to an order; only ``corrected`` changes anything.

    Args:
        told: what it says.
        news: what of it the order does not say yet, but for that on which a newer word counts.
        by_customer: whether the customer corrects it, who may do so a few times only.
    """
    if not may_correct(order.status):
        return Verdict.LATE
    if not news:
        return Verdict.LATE if news_in(told, order) else Verdict.REPEATED
    if by_customer and not may_customer_correct(order):
        return Verdict.CAPPED
    return Verdict.CORRECTED


def await_order(order_id: str, checkout: CheckoutState | None) -> PipelineError:
    """Why an event about an order that is not there fails: for now, or for good.

    Args:
        checkout: what became of the order's checkout so far, None if it did not come yet: the
            shop's own programs may send an event before ``command.checkout`` arrives.
    """
    if checkout == "rejected":
        return CheckoutRejectedError("payload.orderId: its checkout was rejected, for good")
    return await_decision(order_id, checkout)


def await_decision(order_id: str, checkout: CheckoutState | None) -> PipelineError:
    """Why an event about what was decided fails where nothing is: for now, or for good."""
    if checkout is None and not may_be_order_id(order_id):
        return NotFoundError(f"payload.orderId: no payment of this shop can have {order_id}")
    return PredecessorMissingError(f"payload.orderId: waits for the checkout of {order_id}")


def owed(asked: RefundPayload, checkout: CheckoutRow, order: OrderRow | None) -> RefundPayload:
    """The refund of a checkout that was decided: what is stored, and what is asked must agree.

    Money goes back for a rejected checkout and for a cancelled order, and for nothing else.

    Args:
        order: the order of a confirmed checkout.

    Raises:
        StoredFactError: another payment, user or amount than what is stored.
        AlreadyShippedError: the order can never be cancelled any more.
        PredecessorMissingError: the order is not cancelled yet.
    """
    known, reason = _stored_facts(asked, checkout, order)
    said = {"paymentId": asked.payment_id, "userId": asked.user_id, "amount": asked.amount}
    fields = [name for name, value in known.items() if value != said[name]]
    if fields:
        raise StoredFactError([f"payload.{field}" for field in fields])
    if order is not None and order.status != CANCELLED.status:
        if order.status not in CANCELLED.follows:
            raise AlreadyShippedError("payload.orderId: its order has left, and was not cancelled")
        raise PredecessorMissingError("payload.orderId: waits until the order is cancelled")
    trust = checkout.trust if order is None else order.trust
    return asked.model_copy(
        update={"reason": reason or asked.reason, "payment_vouched": payment_vouched(trust)}
    )


def _stored_facts(
    asked: RefundPayload, checkout: CheckoutRow, order: OrderRow | None
) -> tuple[Mapping[str, object], str | None]:
    if order is not None:
        known = {"paymentId": order.payment_id, "userId": order.user_id, "amount": order.total}
        return known, "cancelled"
    # A rejected checkout keeps what was paid as a digest, which any amount can be held against.
    paid = identity_of_checkout(checkout).get("totalAmount")
    is_paid = paid is None or paid == amount_digest(asked.amount, checkout.order_id)
    rejected: dict[str, object] = {
        "paymentId": checkout.payment_id,
        "userId": checkout.user_id,
        "amount": asked.amount if is_paid else None,
    }
    if checkout.user_id is None:  # a row from before users were kept
        del rejected["userId"]
    return rejected, checkout.reason


def remarks_on(said: OrderPayload, order: OrderRow) -> Mapping[str, str]:
    """What the audit trail keeps of an event that speaks of the order as another user's.

    Only a remark: the order is taken from its row in any case, and a parcel that left has left.
    """
    return {} if said.user_id == order.user_id else {"contradicts": "userId"}


def contradicted(asked: RejectedPayload, checkout: CheckoutRow) -> Sequence[str]:
    """What a rejection says otherwise than its checkout, by the fields' names in the event."""
    if checkout.status != "rejected":
        return ["payload.orderId"]
    known = {"paymentId": checkout.payment_id, "userId": checkout.user_id}
    said = {"paymentId": asked.payment_id, "userId": asked.user_id}
    return [
        f"payload.{name}"
        for name, value in known.items()
        if value is not None and value != said[name]
    ]


def entry_of(
    event: Event, verdict: Verdict, facts: Mapping[str, str] | None = None
) -> TimelineEntry:
    """The timeline entry of an event."""
    return TimelineEntry(
        at=iso(event.timestamp),
        event_type=event.event_type,
        event_id=event.event_id,
        verdict=verdict.value,
        facts=facts or {},
    )


def recorded(event: Event) -> TimelineEntry:
    """An event that tells what already holds: it is kept, and changes nothing."""
    return entry_of(event, Verdict.RECORDED)
