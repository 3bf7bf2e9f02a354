"""What an order must agree with: its payment, its checkout, its lines, its events, its mail."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from functions.orders.domain import UNCONFIRMED, Verdict
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.outbox import sent_by
from ops.core.rows import Name, entries, inner, number, text
from shared.commerce.order_status import PENDING, STEPS
from shared.commerce.payment_identity import (
    CONTACT,
    differing,
    digests_of,
    identity_in_command,
)
from shared.contracts.topics import NOTIFICATION_EMAIL
from shared.kernel.ids import OrderIds
from shared.storage.schema import CHECKOUTS, LEDGER, NOTIFICATIONS, ORDERS
from shared.storage.writes import Item

# The event without which an order cannot be in this state.
_PROOF = {
    "CONFIRMED": "order.confirmed",
    "SHIPPED": "order.shipped",
    "DELIVERED": "order.delivered",
    "CANCELLED": "order.cancelled",
}
_STATES = {"PENDING", "PROCESSING", *_PROOF}
# What an order tells of the request that it came from.
_TOLD = {"userId", *CONTACT, "items", "totalAmount"}
_WITHOUT_ANYTHING_SENT = {"claimed", "waiting", "sent", "unknown", "suppressed"}


def cause_of(order: Item) -> str:
    """The command that made the order: the first entry of its timeline."""
    timeline = entries(order, "timeline")
    return text(timeline[0], "eventId") if timeline else ""


def first_round(order: Item) -> list[Name]:
    """The rows that belong to an order by its own ids, and the order from before ids were keyed."""
    return [
        (ORDERS.name, (OrderIds.plain(text(order, "paymentId")),)),
        (CHECKOUTS.name, (text(order, "orderId"),)),
        (LEDGER.name, (f"commands#{cause_of(order)}",)),
    ]


def second_round(page: Page) -> list[Name]:
    """The mails that the orders' own records name."""
    return [
        (NOTIFICATIONS.name, (mail,))
        for order in page.rows
        for mail in _mails(_record(page, order))
    ]


def one_per_payment(page: Page, moment: Moment) -> Iterator[Finding]:
    """A payment can have two order ids, a keyed and a plain one, and the table holds an id once: an
    order under one of them is the only one of its payment if there is none under the other (I3)."""
    for order in page.rows:
        order_id, payment_id = text(order, "orderId"), text(order, "paymentId")
        if not moment.may_have(payment_id, order_id):
            yield Finding(order_id, "is not an order id that its payment can have")
        plain = OrderIds.plain(payment_id)
        if order_id != plain and page.find(ORDERS.name, plain) is not None:
            yield Finding(order_id, f"its payment has another order, {plain}")


def confirmed(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Order and confirmed checkout are written together, for the same cart (I4, I5, I6)."""
    for order in page.rows:
        order_id = text(order, "orderId")
        checkout = page.find(CHECKOUTS.name, order_id)
        if checkout is None:
            yield Finding(order_id, "has no checkout")
        elif checkout.get("status") != "confirmed":
            yield Finding(order_id, f"its checkout is {text(checkout, 'status')}, not confirmed")
        elif checkout.get("cartDigest") != order.get("cartDigest"):
            yield Finding(order_id, "its checkout is of another cart")


def contact(page: Page, moment: Moment) -> Iterator[Finding]:
    """It goes to whom the checkout was accepted for (I29), but for what was corrected since: then
    the order keeps digests of its request, and says which fields a correction named (S40)."""
    for order in page.rows:
        order_id = text(order, "orderId")
        # Digests are salted with an id that the payment gives; another id has its own finding.
        if not moment.may_have(text(order, "paymentId"), order_id):
            continue
        asked = _asked(page.find(CHECKOUTS.name, order_id) or {}, order_id)
        known = {name: asked[name] for name in CONTACT if name in asked}
        told = digests_of(order, order_id) if order.keys() >= _TOLD else {}
        corrected = inner(order, "contactAt")
        placed = {name: str(digest) for name, digest in inner(order, "placedIdentity").items()}
        fields = [name for name in differing(known, told) if not (placed and name in corrected)]
        fields += [name for name in differing(known, placed) if name not in fields]
        if fields:
            yield Finding(order_id, f"its checkout has another {', '.join(fields)}")


def _asked(checkout: Item, order_id: str) -> Mapping[str, str]:
    """Digests of the request that the checkout was accepted for: kept, or told by its command."""
    kept, command = inner(checkout, "identity"), inner(checkout, "command")
    if kept or not command:
        return {name: str(digest) for name, digest in kept.items()}
    return identity_in_command(command, order_id)


def nothing_dropped(page: Page, _moment: Moment) -> Iterator[Finding]:
    """No step was noted as coming too late that could still have happened (I28).

    A lapse is told of an order that nothing confirmed: after any other step it is too late (S39).
    """
    for order in page.rows:
        status: str = "PENDING"
        for entry in entries(order, "timeline"):
            kind, verdict = text(entry, "type"), text(entry, "verdict")
            step = STEPS.get(kind)
            if step is None:
                continue
            if verdict == Verdict.APPLIED:
                status = step.status
            elif (
                verdict == Verdict.LATE
                and status in _before(step.status)
                and (status == PENDING.status or text(entry, "cause") != UNCONFIRMED)
            ):
                yield Finding(text(order, "orderId"), f"{kind} was dropped while it was {status}")


def _before(status: str) -> set[str]:
    """The states from which an order may still get to this one."""
    found: set[str] = {
        state for step in STEPS.values() if step.status == status for state in step.follows
    }
    return found.union(*(_before(state) for state in found)) if found else found


def adds_up(page: Page, _moment: Moment) -> Iterator[Finding]:
    """The total is what the lines cost, each product is in one line, at least one of each (I19)."""
    for order in page.rows:
        order_id, lines = text(order, "orderId"), entries(order, "items")
        total = sum((number(li, "price") * number(li, "quantity") for li in lines), Decimal(0))
        if total != number(order, "totalAmount"):
            said = number(order, "totalAmount")
            yield Finding(order_id, f"its lines cost {total}, its total says {said}")
        products = Counter((text(li, "productId"), text(li, "variationId")) for li in lines)
        if not lines or any(count > 1 for count in products.values()):
            yield Finding(order_id, "has no lines, or two of one product")
        if any(number(line, "quantity") < 1 for line in lines):
            yield Finding(order_id, "has a line of less than one unit")


def timeline(page: Page, _moment: Moment) -> Iterator[Finding]:
    """An order was placed once and first, no event is on its timeline twice, and its state is one
    that an event on it can have led to (I20)."""
    for order in page.rows:
        order_id, told = text(order, "orderId"), entries(order, "timeline")
        verdicts = [text(entry, "verdict") for entry in told]
        if verdicts[:1] != ["placed"] or verdicts.count("placed") != 1:
            yield Finding(
                order_id, "its timeline does not begin with the one command that placed it"
            )
        events = Counter(text(entry, "eventId") for entry in told)
        for event_id in sorted(event for event, count in events.items() if count > 1):
            yield Finding(order_id, f"event {event_id} is on its timeline more than once")
        status = text(order, "status")
        proof = _PROOF.get(status)
        if status not in _STATES:
            yield Finding(order_id, f"its state {status} does not exist")
        elif proof is not None and proof not in {text(entry, "type") for entry in told}:
            yield Finding(order_id, f"is {status} without an {proof} on its timeline")


def recorded(page: Page, moment: Moment) -> Iterator[Finding]:
    """An order is committed with the ledger record of its command, or not at all (I6, I8)."""
    for order in page.rows:
        if moment.remembered(text(order, "createdAt")) and _record(page, order) is None:
            yield Finding(text(order, "orderId"), "the ledger knows nothing of its command")


def mailed(page: Page, moment: Moment) -> Iterator[Finding]:
    """Its buyer was told, once: the mail that the command asked for has a send record, or is a
    dead letter (I12). What a failed or claimed record means is the mail's own check."""
    for order in page.rows:
        record = _record(page, order)
        if record is None or not moment.remembered(text(order, "createdAt")):
            continue
        if not moment.settled(text(record, "doneAt") or "~"):
            continue
        order_id, mails = text(order, "orderId"), _mails(record)
        if len(mails) != 1:
            yield Finding(order_id, f"its command asked for {len(mails)} mails instead of one")
        for mail in mails:
            row = page.find(NOTIFICATIONS.name, mail)
            state = "no" if row is None else text(row, "state")
            if state not in _WITHOUT_ANYTHING_SENT and mail not in moment.dead_letters.ids:
                yield Finding(order_id, f"mail {mail}: {state} send record and no dead letter")


def _record(page: Page, order: Item) -> Item | None:
    return page.find(LEDGER.name, f"commands#{cause_of(order)}")


def _mails(record: Item | None) -> list[str]:
    found = () if record is None else sent_by(record)
    return [sent.event_id for sent in found if sent.event_type == NOTIFICATION_EMAIL]


CHECKS = (
    Check("one order per payment", "I3", ORDERS.name, one_per_payment),
    Check("order has its confirmed checkout", "I6", ORDERS.name, confirmed),
    Check("order goes to whom it was accepted for", "I29", ORDERS.name, contact),
    Check("no step was dropped", "I28", ORDERS.name, nothing_dropped),
    Check("total is lines times price", "I19", ORDERS.name, adds_up),
    Check("timeline makes sense", "I20", ORDERS.name, timeline),
    Check("order has its ledger record", "I6", ORDERS.name, recorded),
    Check("order has its mail", "I12", ORDERS.name, mailed),
)
