"""What was committed must have left, arrived, and left its trace."""

from collections import Counter
from collections.abc import Iterator

from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.outbox import Sent, sent_by
from ops.core.rows import Name, inner, text
from shared.contracts import catalog
from shared.contracts.channels import CAPS
from shared.contracts.content import digest_of, may_be_same
from shared.contracts.envelope import validated
from shared.contracts.topics import (
    ANALYTICS_AUDIT,
    COMMAND_CHECKOUT,
    INVENTORY_STOCK_UPDATED,
    NOTIFICATION_EMAIL,
    ORDER_CREATED,
    ORDER_REFUND_REQUESTED,
)
from shared.kernel.errors import PermanentError
from shared.storage.schema import CHECKOUTS, LEDGER, MOVEMENTS, NOTIFICATIONS, ORDERS
from shared.storage.writes import Item

# What a recipient gets so many of within an hour, and then no more until the next.
_CAPPED = {channel.event_type for channel in CAPS}


def first_round(record: Item) -> list[Name]:
    """The rows that must follow from a record."""
    names: list[Name] = []
    for sent in sent_by(record):
        names.append(sent.receipt)
        if sent.event_type in _CAPPED:
            names.append((NOTIFICATIONS.name, (sent.event_id,)))
        if sent.trace is not None:
            names.append(sent.trace)
        if sent.event_type == ORDER_CREATED:
            names.append((ORDERS.name, (text(sent.payload, "orderId"),)))
    if record.get("eventType") == ORDER_REFUND_REQUESTED:
        names += [(CHECKOUTS.name, (order_id,)) for order_id in _refunded(record)]
    return names


def published(page: Page, moment: Moment) -> Iterator[Finding]:
    """A record whose events may not have left is young, or the reconciler is not working (I7)."""
    for record in page.rows:
        since = text(record, "committedAt")
        if record.get("state") == "committed" and moment.settled(since):
            yield Finding(text(record, "id"), f"its events are unpublished since {since}")


def arrived(page: Page, moment: Moment) -> Iterator[Finding]:
    """Every published event was handled by its topic, or is a dead letter: none vanished (I15).

    An event with a delay is not judged: its time may be yet to come. Nor is a message that was put
    off, because its recipient was told enough: what becomes of it is its own check.
    """
    for _record, sent in _published(page, moment):
        known = sent.delayed or sent.event_id in moment.dead_letters.ids or _put_off(page, sent)
        if not known and page.find(*_flat(sent.receipt)) is None:
            yield Finding(sent.event_id, f"{sent.event_type} was published, never handled")


def unchanged(page: Page, moment: Moment) -> Iterator[Finding]:
    """What was handled under an event's id is what was published under it: no other event took
    its place (I29)."""
    for _record, sent in _published(page, moment):
        receipt = page.find(*_flat(sent.receipt))
        if receipt is None or receipt.get("content") is None or sent.erased:
            continue
        said = _content(sent)
        if said is not None and not may_be_same(said, text(receipt, "content")):
            yield Finding(sent.event_id, f"{sent.event_type} was handled as something else")


def _content(sent: Sent) -> str | None:
    model = catalog.models().get(sent.event_type)
    try:
        return None if model is None else digest_of(validated(model, sent.body))
    except PermanentError:
        return None  # what another version wrote, and this one cannot read, says nothing here


def ordered(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Where the ledger says that an order was created, there is one (I6)."""
    for record in page.rows:
        for sent in sent_by(record):
            order_id = text(sent.payload, "orderId")
            if sent.event_type == ORDER_CREATED and page.find(ORDERS.name, order_id) is None:
                yield Finding(order_id, "was created, says the ledger, and is not there")


def audited(page: Page, moment: Moment) -> Iterator[Finding]:
    """An order, a rejection, a refund, a mail: whatever was to be kept in the audit trail and was
    taken by analytics is there (I23)."""
    return _traces(page, moment, ANALYTICS_AUDIT, "audit entry")


def moved(page: Page, moment: Moment) -> Iterator[Finding]:
    """A stock movement that the inventory took is kept, with the units that were sold (I2, I8)."""
    yield from _traces(page, moment, INVENTORY_STOCK_UPDATED, "stock movement")
    for _record, sent in _published(page, moment):
        movement = None if sent.trace is None else page.find(*_flat(sent.trace))
        if movement is None or sent.trace is None or sent.trace[0] != MOVEMENTS.name:
            continue
        said, stored = text(sent.payload, "delta"), text(movement, "delta")
        if said and said != stored:
            yield Finding(sent.event_id, f"{said} units moved, {stored} are recorded")


def rejected_once(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A decision about a checkout asks for one mail, and for one refund if it is a rejection; a
    refund that was requested is the one that its checkout names (I13, I21)."""
    for record in page.rows:
        subject, kinds = text(record, "id"), Counter(sent.event_type for sent in sent_by(record))
        if record.get("eventType") == COMMAND_CHECKOUT:
            if kinds and kinds[NOTIFICATION_EMAIL] != 1:
                yield Finding(subject, f"asked for {kinds[NOTIFICATION_EMAIL]} mails")
            wanted = 1 if record.get("outcome") == "rejected" else 0
            if kinds[ORDER_REFUND_REQUESTED] != wanted:
                said = text(record, "outcome")
                yield Finding(subject, f"{said}, with {kinds[ORDER_REFUND_REQUESTED]} refunds")
        if record.get("eventType") == ORDER_REFUND_REQUESTED:
            for order_id in _refunded(record):
                checkout = page.find(CHECKOUTS.name, order_id) or {}
                if checkout.get("refundEventId") != record.get("eventId"):
                    yield Finding(order_id, "its money was asked back a second time")


def _traces(page: Page, moment: Moment, event_type: str, what: str) -> Iterator[Finding]:
    for _record, sent in _published(page, moment):
        if sent.event_type != event_type or sent.trace is None:
            continue
        taken = page.find(*_flat(sent.receipt)) is not None
        if taken and page.find(*_flat(sent.trace)) is None:
            yield Finding(sent.event_id, f"was handled, and its {what} is missing")


def _published(page: Page, moment: Moment) -> Iterator[tuple[Item, Sent]]:
    for record in page.rows:
        done = text(record, "doneAt")
        # A record past its own expiry may have outlived what followed from it.
        if done and moment.settled(done) and moment.remembered(text(record, "committedAt")):
            for sent in sent_by(record):
                yield record, sent


def _put_off(page: Page, sent: Sent) -> bool:
    row = page.find(NOTIFICATIONS.name, sent.event_id)
    return row is not None and row.get("state") == "waiting"


def _refunded(record: Item) -> list[str]:
    audits = [sent.payload for sent in sent_by(record) if sent.event_type == ANALYTICS_AUDIT]
    found = [text(inner(payload, "metadata"), "orderId") for payload in audits]
    return [order_id for order_id in found if order_id]


def _flat(name: Name) -> tuple[str, ...]:
    table, key = name
    return (table, *key)


CHECKS = (
    Check("outboxes are published", "I7", LEDGER.name, published),
    Check("published events are handled", "I15", LEDGER.name, arrived),
    Check("handled is what was published", "I29", LEDGER.name, unchanged),
    Check("created orders exist", "I6", LEDGER.name, ordered),
    Check("audit trail is complete", "I23", LEDGER.name, audited),
    Check("stock movements are complete", "I8", LEDGER.name, moved),
    Check("one mail and one refund per decision", "I21", LEDGER.name, rejected_once),
)
