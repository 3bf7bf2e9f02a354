"""What the dead letters say: what failed, and so what is missing elsewhere for a known reason."""

from collections.abc import Iterator

from ops.audit.model import Check, DeadLetters, Finding, Moment, Page
from ops.audit.outbox import parsed, sku_in
from ops.core.rows import Name, entries, inner, number, text
from shared.contracts.topics import INVENTORY_STOCK_RESERVED, INVENTORY_STOCK_UPDATED
from shared.messaging.dead_letters.dead_letter import event_id_of, is_contested
from shared.messaging.dead_letters.resend import obstacle
from shared.storage.records.dead_letter import DeadLetterKind, DeadLetterState
from shared.storage.schema import DEAD_LETTERS, LEDGER
from shared.storage.writes import Item

UNDATED = "keeps its copy of personal data for ever: `ops retention` gives it a time"
_UNRESOLVED = {DeadLetterState.OPEN.value, DeadLetterState.REPLAYING.value}


def first_round(dead_letter: Item) -> list[Name]:
    """The ledger record of the event that failed, if it was handled after all."""
    return [(LEDGER.name, (_receipt(dead_letter),))] if _receipt(dead_letter) else []


def learn(page: Page, dead_letters: DeadLetters) -> None:
    """Remember which events failed and are not handled: a few words per dead letter."""
    for dead_letter in page.rows:
        contested = is_contested(text(dead_letter, "eventId"))
        # Other content under an id that was handled: nothing is missing because of it.
        if contested or page.find(LEDGER.name, _receipt(dead_letter)) is not None:
            continue
        # Handled, too; the ledger has forgotten it since. That it was is its own check.
        if text(dead_letter, "state") == DeadLetterState.RESOLVED.value:
            continue
        event_id = text(dead_letter, "eventId")
        payload = inner(parsed(text(dead_letter, "originalEvent")), "payload")
        dead_letters.ids.add(event_id)
        dead_letters.orders.add(text(payload, "orderId"))
        sku = sku_in(payload)
        dead_letters.skus.add(sku)
        if text(dead_letter, "eventType") == INVENTORY_STOCK_RESERVED:
            dead_letters.skus |= {sku_in(line) for line in entries(payload, "items")}
        sold = text(dead_letter, "eventType") == INVENTORY_STOCK_UPDATED and "orderId" in payload
        if sold and payload.get("reason") in {"sale", "return"}:
            units = int(number(payload, "delta"))
            dead_letters.unrecorded[sku] = dead_letters.unrecorded.get(sku, 0) + units


def unresolved(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A dead letter that is neither resolved nor discarded waits for an operator (I15)."""
    for dead_letter in page.rows:
        if dead_letter.get("state") in _UNRESOLVED:
            said = " ".join(text(dead_letter, name) for name in ("eventType", "state", "cause"))
            yield Finding(text(dead_letter, "eventId"), f"dead letter: {said}", attention=True)


def resolved(page: Page, moment: Moment) -> Iterator[Finding]:
    """A dead letter is resolved by nothing but the event being handled (I15, I17)."""
    for dead_letter in page.rows:
        handled = page.find(LEDGER.name, _receipt(dead_letter)) is not None
        told = moment.remembered(text(dead_letter, "lastFailedAt"))
        if dead_letter.get("state") == DeadLetterState.RESOLVED.value and told and not handled:
            yield Finding(text(dead_letter, "eventId"), "is resolved, and was never handled")


def dated(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A settled dead letter has a time after which its copy of the event goes (S44)."""
    for dead_letter in page.rows:
        settled = dead_letter.get("state") not in _UNRESOLVED and "dueAt" not in dead_letter
        if settled and not dead_letter.keys() & {"closedShard", "redactedAt"}:
            yield Finding(text(dead_letter, "eventId"), UNDATED, attention=True)


def overdue(page: Page, moment: Moment) -> Iterator[Finding]:
    """What the platform was in the way of is delivered again without a person: a dead letter that waits
    for that has a time, and the time is not long past (I27)."""
    for dead_letter in page.rows:
        blocked = dead_letter.get("kind") == DeadLetterKind.BLOCKED.value
        if (
            dead_letter.get("state") != DeadLetterState.OPEN.value
            or not blocked
            or not _sendable(dead_letter)
        ):
            continue
        at = text(dead_letter, "nextDeliveryAt")
        if not at:
            yield Finding(text(dead_letter, "eventId"), "was blocked, and is not delivered again")
        elif moment.settled(at) and moment.settled(text(dead_letter, "dueAt")):
            yield Finding(text(dead_letter, "eventId"), f"was to be delivered again at {at}")


def _sendable(dead_letter: Item) -> bool:
    event_id, event_type = event_id_of(text(dead_letter, "eventId")), text(dead_letter, "eventType")
    values = parsed(text(dead_letter, "originalEvent"))
    return obstacle(event_id, text(dead_letter, "topic"), event_type, values) is None


def _receipt(dead_letter: Item) -> str:
    """The ledger record of the event; none where the id was handled with other content."""
    key = text(dead_letter, "eventId")
    return "" if is_contested(key) else f"{text(dead_letter, 'topic')}#{key}"


CHECKS = (
    Check("no dead letter waits", "I15", DEAD_LETTERS.name, unresolved, strict=True),
    Check("resolved dead letters were handled", "I17", DEAD_LETTERS.name, resolved),
    Check("settled dead letters have a time", "S44", DEAD_LETTERS.name, dated),
    Check("blocked dead letters are delivered again", "I27", DEAD_LETTERS.name, overdue),
)
