"""The use case of a correction: whom an order goes to, until its parcel leaves (S40)."""

from functions.orders.contact_events import (
    correction_audit_of,
    facts_of,
    ignored_correction_of,
    mails_of,
)
from functions.orders.domain import Verdict, entry_of, verdict_on_correction
from functions.orders.ports import Orders
from functions.orders.service import existing
from shared.commerce.contact import contact_in, news_in
from shared.commerce.payment_identity import identity_of_order
from shared.contracts.analytics import AuditRecorded
from shared.contracts.notifications import EmailRequested
from shared.contracts.orders import OrderCorrected
from shared.kernel.clock import iso
from shared.kernel.errors import StoredFactError
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.records.contact import ContactCorrection
from shared.telemetry import metrics


def correct_contact(event: OrderCorrected, *, orders: Orders) -> Effects:
    """Correct whom an order goes to, or note why the event does not.

    Of every field the newest word counts, in whatever order the events arrive. Both the mailbox
    that counts now and the one that counted before hear of it.

    Raises:
        StoredFactError: the event speaks of the order as another user's; a parcel goes to whom its
            buyer says, so here that is no remark.
        PredecessorMissingError: there is no such order yet.
        CheckoutRejectedError, NotFoundError: there never will be one.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    order = existing(payload.order_id, orders)
    if payload.user_id != order.user_id:
        raise StoredFactError(["payload.userId"])
    at = iso(event.timestamp)
    told = contact_in(payload)
    newest = {name: text for name, text in told.items() if at > order.contact_at.get(name, "")}
    news = news_in(newest, order)
    by_customer = payload.corrected_by == "user"
    verdict = verdict_on_correction(order, told, news, by_customer=by_customer)
    entry = entry_of(event, verdict, facts_of(payload, tuple(told)))
    facts: dict[str, str | int] = {"order_id": order.order_id, "status": order.status}
    correction = ContactCorrection(
        news=news,
        named=tuple(newest),
        at=at,
        placed=identity_of_order(order),
        is_customers=by_customer,
    )
    if verdict is not Verdict.CORRECTED:
        is_word = verdict is Verdict.REPEATED and bool(newest)
        return Effects(
            outcome=verdict.value,
            # An older event that comes later must not win over what is said again now.
            writes=[
                orders.correct_contact(order, entry, correction)
                if is_word
                else orders.note(order, entry)
            ],
            emits=[Emit(AuditRecorded, ignored_correction_of(event, order, verdict))],
            measures=(metrics.MOVES_IGNORED.of(1, verdict=verdict.value),),
            facts=facts,
        )
    return Effects(
        outcome=verdict.value,
        writes=[orders.correct_contact(order, entry, correction)],
        emits=[
            *(Emit(EmailRequested, mail) for mail in mails_of(order, news)),
            Emit(AuditRecorded, correction_audit_of(event, order, news)),
        ],
        measures=(metrics.CONTACT_CORRECTIONS.of(1, by=payload.corrected_by),),
        facts=facts,
        message="Contact data is corrected",
    )
