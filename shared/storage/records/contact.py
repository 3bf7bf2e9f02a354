"""The write that corrects whom an order goes to; what the order came from stays known beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.storage.records.order import OrderRow
from shared.storage.records.timeline import TimelineEntry
from shared.storage.schema import ORDERS
from shared.storage.writes import Equals, Update, Value


@dataclass(frozen=True, slots=True)
class ContactCorrection:
    """What a correction says of whom an order goes to.

    Args:
        news: the contact fields that change, by name on the wire; none, if all of it was known.
        named: the contact fields that it names at all, the newest word on each.
        at: when it was written (ISO-8601).
        placed: digests of the request that the order came from.
        is_customers: whether the customer corrects it, who may do so a few times only.
    """

    news: Mapping[str, str]
    named: tuple[str, ...]
    at: str
    placed: Mapping[str, str]
    is_customers: bool


def correct_contact(
    order: OrderRow, entry: TimelineEntry, correction: ContactCorrection, *, now: str
) -> Update:
    """Other contact data, if the order is in the same state and nothing else was noted on it.

    So a shipment and a correction never both win (S40). The timeline keeps the first, the newest
    and the count of the corrections (I30).
    """
    told = order.timeline.note(entry)
    changes: dict[str, Value] = {**correction.news}
    if correction.news:
        changes["placedIdentity"] = correction.placed
    counts: dict[str, int] = {**told.add}
    if correction.news and correction.is_customers:
        counts["customerCorrections"] = 1
    moments = {**order.contact_at, **dict.fromkeys(correction.named, correction.at)}
    return Update(
        ORDERS.name,
        {"orderId": order.order_id},
        set={**changes, "contactAt": moments, "updatedAt": now, **told.set},
        add=counts,
        append=told.append,
        when=(Equals("status", order.status), *told.when),
    )
