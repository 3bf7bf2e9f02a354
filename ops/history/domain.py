"""What the audit trail tells: entries, and the timeline that they make."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.actor import Actor
from shared.kernel.errors import UnreadableRowError
from shared.storage.writes import Item, Value

KINDS: Mapping[str, str] = {
    "order": "an order id or its payment id: order, checkout, reservation, refund and mails",
    "checkout": "the same, by checkout",
    "stock": "a SKU",
    "mail": "the event id of a mail, text or push",
    "address": "a mail address; the trail knows only its digest",
    "user": "a user id: everything that was told of this customer",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit trail.

    Args:
        source: the program that published it.
        user_id: the customer whom it is about, if it names one.
        actor: who did what it tells of.
        before, after: the state around the change, as far as it was told.
    """

    at: str
    entity_type: str
    entity_id: str
    action: str
    source: str
    user_id: str | None
    actor: Actor
    before: Item
    after: Item
    metadata: Item
    event_id: str
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class AuditTimeline:
    """Entries in time order.

    Args:
        more: whether there are, or may be, older ones that the limit left out.
        unreadable: entries in their place that make no sense.
    """

    entries: Sequence[Entry]
    more: bool
    unreadable: Sequence[UnreadableRowError] = ()

    def only(self, wanted: Callable[[Entry], bool]) -> "AuditTimeline":
        """The entries that are meant."""
        entries = [entry for entry in self.entries if wanted(entry)]
        return AuditTimeline(entries, self.more, self.unreadable)


def merged(parts: Iterable[AuditTimeline], limit: int) -> AuditTimeline:
    """One timeline of several: each entry once, the newest up to the limit."""
    # An entry may be found by its entity and by its user.
    read = list(parts)
    found = {entry.event_id: entry for part in read for entry in part.entries}
    entries = sorted(found.values(), key=lambda entry: (entry.at, entry.event_id))
    more = len(entries) > limit or any(part.more for part in read)
    odd = {error.key: error for part in read for error in part.unreadable}
    return AuditTimeline(entries[-limit:], more, list(odd.values()))


def differences(before: Item, after: Item) -> Sequence[tuple[str, Value, Value]]:
    """Fields whose value is not the same, with None for a side that lacks it."""
    fields = list(dict.fromkeys([*before, *after]))
    return [
        (field, before.get(field), after.get(field))
        for field in fields
        if before.get(field) != after.get(field)
    ]
