"""What the send ledger must be able to say of every mail."""

from collections.abc import Iterator
from datetime import UTC, datetime

from functions.notifications.send_ledger import CLAIM_SECONDS, suppression_key
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.orders import cause_of
from ops.audit.outbox import parsed
from ops.core.rows import Name, inner, number, text
from shared.contracts.topics import NOTIFICATION_EMAIL
from shared.kernel.clock import iso
from shared.kernel.ids import caused_event_id
from shared.storage.schema import NOTIFICATIONS, ORDERS
from shared.storage.writes import Item

_CONFIRMATION = "order-confirmation"


def first_round(mail: Item) -> list[Name]:
    """The rows that belong to a mail: its recipient's place on the suppression list, its order."""
    if not _is_mail(mail):
        return []
    names: list[Name] = [(NOTIFICATIONS.name, (suppression_key(text(mail, "to"))["id"],))]
    if text(mail, "templateId") == _CONFIRMATION:
        names.append((ORDERS.name, (_order_of(mail),)))
    return names


def finished(page: Page, moment: Moment) -> Iterator[Finding]:
    """No mail, text or push is still being sent whose claim lapsed long ago, what was put off
    came back in its hour, and one that failed for good is a dead letter (I12). One whose fate is
    unknown waits for a person: no breach, by design."""
    for mail in page.rows:
        if "expiresAt" not in mail:
            continue  # a suppressed address, a cap, or a user's devices
        mail_id, state = text(mail, "id"), text(mail, "state")
        event_id = text(mail, "eventId") or mail_id
        excused = event_id in moment.dead_letters.ids or "resolution" in mail
        if state == "claimed" and moment.settled(lapsed(mail)) and not excused:
            yield Finding(mail_id, f"has a claim that lapsed at {lapsed(mail)}")
        elif state == "waiting" and moment.settled(lapsed(mail)) and not excused:
            yield Finding(mail_id, f"was put off until {lapsed(mail)}, and was not taken up again")
        elif state == "failed" and moment.settled(text(mail, "updatedAt")) and not excused:
            yield Finding(mail_id, "failed, and is no dead letter")
        elif state == "unknown" and "resolution" not in mail:
            yield Finding(mail_id, "may or may not have been sent", attention=True)


def deserved(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A confirmation belongs to an order that exists, and was asked for by the command that made
    it, or again by an operator: so no order has two (I12, I13)."""
    for mail in _mails(page):
        if text(mail, "templateId") != _CONFIRMATION or not _ours(mail):
            continue
        mail_id, order = text(mail, "id"), page.find(ORDERS.name, _order_of(mail))
        if order is None:
            yield Finding(mail_id, f"confirms {_order_of(mail)}, which is no order")
        elif text(mail, "state") != "failed" and not _is_asked_for(mail, order):
            yield Finding(mail_id, f"is not the one confirmation of {_order_of(mail)}")


def suppressed(page: Page, _moment: Moment) -> Iterator[Finding]:
    """No mail was begun to an address that was on the suppression list by then (I14). Its claim
    comes before the list is asked, so a claim after the entry proves it."""
    for mail in _mails(page):
        if text(mail, "state") not in {"sent", "unknown"}:
            continue
        entry = page.find(NOTIFICATIONS.name, suppression_key(text(mail, "to"))["id"])
        if entry is not None and _claimed(mail) > text(entry, "updatedAt"):
            yield Finding(text(mail, "id"), "went to an address that must not be mailed")


def _mails(page: Page) -> Iterator[Item]:
    return (row for row in page.rows if _is_mail(row))


def _is_mail(row: Item) -> bool:
    # Texts, pushes, devices, caps and the suppression list live in the same table.
    return "templateId" in row


def _ours(mail: Item) -> bool:
    # Anybody with the token may ask for a mail; only what the pipeline asked for is its promise.
    return bool(text(_event(mail), "causationId"))


def _is_asked_for(mail: Item, order: Item) -> bool:
    cause = text(_event(mail), "causationId")
    return cause == cause_of(order) or _is_resent(mail)


def _is_resent(mail: Item) -> bool:
    # An operator's second try follows from the first mail, not from the order's command.
    first = text(_event(mail), "causationId")
    return text(mail, "id") == caused_event_id(first, f"{NOTIFICATION_EMAIL}.resend", 0)


def _event(mail: Item) -> Item:
    return parsed(text(mail, "event"))


def _order_of(mail: Item) -> str:
    return text(inner(inner(_event(mail), "payload"), "templateData"), "orderId")


def lapsed(mail: Item) -> str:
    """Until when it was being worked on, or it was put off."""
    return iso(datetime.fromtimestamp(float(number(mail, "expiresAt")), UTC))


def _claimed(mail: Item) -> str:
    return iso(datetime.fromtimestamp(float(number(mail, "expiresAt")) - CLAIM_SECONDS, UTC))


CHECKS = (
    Check("mail is finished", "I12", NOTIFICATIONS.name, finished),
    Check("one confirmation per order", "I13", NOTIFICATIONS.name, deserved),
    Check("suppressed addresses are left alone", "I14", NOTIFICATIONS.name, suppressed),
)
