"""Which ledger records follow from which: each names in its outbox what its event caused. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ops.core.operator_ledger import CONSUMER
from ops.core.rows import entries, text
from ops.trace.domain import Origin
from shared.storage.writes import Item


def outbox_of(record: Item) -> list[Item]:
    """The messages that a record promised.

    Raises:
        TypeError: the attribute cannot be read.
    """
    return entries(record, "outbox")


def caused_keys(records: Iterable[Item]) -> list[str]:
    """The keys of the records that must follow from these."""
    return [
        f"{text(message, 'topic')}#{text(message, 'eventId')}"
        for record in records
        for message in outbox_of(record)
    ]


def origins(records: Sequence[Item], ours: Collection[str]) -> Mapping[str, Origin]:
    """Who began what led to each record, by the record's key.

    Args:
        ours: ids of the events that a customer's own request made.
    """
    cause = {
        text(message, "eventId"): record for record in records for message in outbox_of(record)
    }
    return {text(record, "id"): _origin(_first(record, cause), ours) for record in records}


def _first(record: Item, cause: Mapping[str, Item]) -> Item:
    seen: set[str] = set()
    while (before := cause.get(text(record, "eventId"))) is not None:
        if (key := text(before, "id")) in seen:
            return record
        seen.add(key)
        record = before
    return record


def _origin(first: Item, ours: Collection[str]) -> Origin:
    if text(first, "consumer") == CONSUMER:
        return "operator"
    return "customer" if text(first, "eventId") in ours else "program"
