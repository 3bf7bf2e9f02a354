"""Order rows: what an order is made of, and every write that makes or changes one.

A lifecycle event changes ``status`` and what it tells of itself (``STEP_FACTS``); everything else
of an order stays as it was placed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

from shared.contracts.envelope import plain
from shared.contracts.lines import OrderLine
from shared.contracts.statuses import OrderStatus, Trust
from shared.kernel.ids import sku_of
from shared.kernel.money import amount
from shared.storage.records.contact import ContactCorrection
from shared.storage.records.timeline import NAME, Timeline, TimelineEntry
from shared.storage.schema import ORDERS, shard_of
from shared.storage.writes import (
    Absent,
    Condition,
    Equals,
    Item,
    Missing,
    Present,
    Put,
    Update,
    Value,
)

TRACKING = ("carrier", "trackingNumber", "trackingUrl")
# Only an order in this state is in the index of unconfirmed ones.
_UNCONFIRMED: OrderStatus = "PENDING"
_SHARD = "unconfirmedShard"
# What a step adds to the order, by its name on the wire.
STEP_FACTS = (*TRACKING, "trackingAt", "deliveredAt", "reason", "cancelledBy", "cause")
# What of them, and of a timeline's entries, leads to no person: not a parcel's number, no one's words.
_NAMELESS_FACTS = frozenset(
    {"carrier", "trackingAt", "deliveredAt", "cancelledBy", "cause", "fields"}
)
# What stands in the place of a person's words. ``.invalid`` is no domain, and never will be one.
ERASED = "erased"
ERASED_ADDRESS = "erased@erased.invalid"


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Units of an order that its customer sent back.

    Args:
        at: when an operator noted it (ISO-8601).
        event_id: the operator's command.
        reason: why, cut to what a row can hold of it.
    """

    at: str
    product_id: str
    variation_id: str | None
    quantity: int
    event_id: str
    operator: str
    reason: str

    @property
    def sku(self) -> str:
        """Key of the stock row that they went to."""
        return sku_of(self.product_id, self.variation_id)

    def to_item(self) -> dict[str, Value]:
        """As kept with the order."""
        return {
            "at": self.at,
            "productId": self.product_id,
            "variationId": self.variation_id,
            "quantity": self.quantity,
            "eventId": self.event_id,
            "operator": self.operator,
            "reason": self.reason,
        }

    @classmethod
    def from_item(cls, item: Item) -> "ReturnedUnits":
        """As read."""
        return cls(
            at=str(item["at"]),
            product_id=str(item["productId"]),
            variation_id=_text(item, "variationId"),
            quantity=int(str(item["quantity"])),
            event_id=str(item["eventId"]),
            operator=str(item["operator"]),
            reason=str(item["reason"]),
        )


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as stored: the truth that events about it are measured by.

    Args:
        cart_digest: recognises the cart that it came from.
        correlation_id: what every event about it repeats: the caller's, where there was one. Rows
            from before it was kept have none.
        created_at, updated_at: ISO-8601.
        unconfirmed_shard: its partition of the index of orders that nothing confirmed yet, None
            once it moved on; rows from before there was the index have none.
        facts: what its steps told, by name on the wire (``STEP_FACTS``).
        return_count: how many returns were noted; another one in the meantime changes it.
        trust: who answers for the payment; rows from before it was kept say nothing.
        placed_identity: digests of the request that it came from, by field, once its contact data
            was corrected; until then its own fields tell them (S40).
        contact_at: when the newest word on each contact field was written (ISO-8601), by name on
            the wire; a field that no correction named is not in it.
        customer_corrections: how often its customer corrected it.
        erased_at: when its customer was erased (S46): nothing more is mailed or kept of them.
    """

    order_id: str
    payment_id: str
    user_id: str
    customer_name: str
    customer_email: str
    customer_address: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    status: OrderStatus
    cart_digest: str | None = None
    correlation_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    unconfirmed_shard: str | None = None
    trust: Trust | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=Timeline)
    returns: tuple[ReturnedUnits, ...] = ()
    return_count: int = 0
    placed_identity: Mapping[str, str] = field(default_factory=dict)
    contact_at: Mapping[str, str] = field(default_factory=dict)
    customer_corrections: int = 0
    erased_at: str | None = None

    @property
    def contact(self) -> Mapping[str, str]:
        """Whom it goes to, by name on the wire."""
        return {
            "customerName": self.customer_name,
            "customerEmail": self.customer_email,
            "customerAddress": self.customer_address,
        }

    @property
    def tracking(self) -> Mapping[str, str]:
        """What is known of its parcel."""
        return {name: self.facts[name] for name in TRACKING if name in self.facts}

    @property
    def tracking_at(self) -> str:
        """When that was written (ISO-8601), empty if the row does not say."""
        return self.facts.get("trackingAt", "")

    def for_events(self) -> dict[str, Any]:
        """What every event about the order repeats of it, by name on the wire."""
        return {
            "orderId": self.order_id,
            "userId": self.user_id,
            **self.contact,
            "items": [plain(line) for line in self.lines],
            "totalAmount": self.total,
        }

    def to_item(self) -> dict[str, Value]:
        """As stored; what it does not have is left out."""
        known: dict[str, Value] = {
            "cartDigest": self.cart_digest,
            "correlationId": self.correlation_id,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "unconfirmedShard": self.unconfirmed_shard,
            "trust": self.trust,
        }
        item: dict[str, Value] = {
            "orderId": self.order_id,
            "paymentId": self.payment_id,
            "userId": self.user_id,
            **self.contact,
            "items": [_line_item(line) for line in self.lines],
            "totalAmount": self.total,
            "status": self.status,
            **{name: value for name, value in known.items() if value is not None},
            **self.facts,
            **self.timeline.to_item(),
        }
        if self.returns:
            item["returns"] = [units.to_item() for units in self.returns]
        if self.return_count:
            item["returnCount"] = self.return_count
        if self.placed_identity:
            item["placedIdentity"] = self.placed_identity
        if self.contact_at:
            item["contactAt"] = self.contact_at
        if self.customer_corrections:
            item["customerCorrections"] = self.customer_corrections
        if self.erased_at:
            item["erasedAt"] = self.erased_at
        return item

    @classmethod
    def from_item(cls, item: Item) -> "OrderRow":
        """As read."""
        return cls(
            order_id=str(item["orderId"]),
            payment_id=str(item["paymentId"]),
            user_id=str(item["userId"]),
            customer_name=str(item["customerName"]),
            customer_email=str(item["customerEmail"]),
            customer_address=str(item["customerAddress"]),
            lines=tuple(map(_line, cast("Sequence[Item]", item["items"]))),
            total=Decimal(str(item["totalAmount"])),
            status=cast("OrderStatus", item["status"]),
            cart_digest=_text(item, "cartDigest"),
            correlation_id=_text(item, "correlationId"),
            created_at=_text(item, "createdAt"),
            updated_at=_text(item, "updatedAt"),
            unconfirmed_shard=_text(item, "unconfirmedShard"),
            trust=cast("Trust | None", item.get("trust")),
            facts={name: str(item[name]) for name in STEP_FACTS if item.get(name) is not None},
            timeline=Timeline.from_item(item),
            returns=tuple(
                map(ReturnedUnits.from_item, cast("Sequence[Item]", item.get("returns") or ()))
            ),
            return_count=int(str(item.get("returnCount", 0))),
            placed_identity=_texts(item.get("placedIdentity")),
            contact_at=_texts(item.get("contactAt")),
            customer_corrections=int(str(item.get("customerCorrections", 0))),
            erased_at=_text(item, "erasedAt"),
        )


def insert_order(order: OrderRow) -> Put:
    """A new order; its id is a function of the payment, so there is at most one (I3)."""
    return Put(ORDERS.name, order.to_item(), when=(Absent(),))


def move_order(
    order: OrderRow, to: OrderStatus, entry: TimelineEntry, facts: Mapping[str, str], now: str
) -> Update:
    """Another state, if the order still is in the one that was read and goes to the same person.

    So a step's mail never goes to an address that was corrected meanwhile (S40).

    Args:
        facts: what the step tells (``STEP_FACTS``).
    """
    return Update(
        ORDERS.name,
        {"orderId": order.order_id},
        set={"status": to, "updatedAt": now, **facts},
        append={NAME: [entry.to_item()]},
        remove=(_SHARD,),
        when=(Equals("status", order.status), *_same_contact(order)),
    )


def _same_contact(order: OrderRow) -> tuple[Condition, ...]:
    return tuple(Equals(name, text) for name, text in order.contact.items())


def correct_tracking(
    order: OrderRow, entry: TimelineEntry, tracking: Mapping[str, str], *, at: str, now: str
) -> Update:
    """Other tracking, if the order is in the same state and no other correction came first.

    Any number of corrections may come: of these, too, the timeline keeps the first, the newest and
    the count (I30).

    Args:
        tracking: all of it: what is not in it is removed.
        at: when it was written (ISO-8601).
    """
    told = order.timeline.note(entry)
    known = order.facts.get("trackingAt")
    unchanged: Condition = Missing("trackingAt") if known is None else Equals("trackingAt", known)
    return Update(
        ORDERS.name,
        {"orderId": order.order_id},
        set={**tracking, "trackingAt": at, "updatedAt": now, **told.set},
        add=told.add,
        append=told.append,
        remove=tuple(name for name in order.tracking if name not in tracking),
        when=(Equals("status", order.status), unchanged, *told.when),
    )


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


def note_on_order(order: OrderRow, entry: TimelineEntry) -> Update:
    """One more entry on the timeline: the first, the newest, and how many (I30).

    An unconfirmed order from before there was an index of them gets into it so.
    """
    told = order.timeline.note(entry)
    as_read: Condition = Present()
    joins: dict[str, Value] = {}
    if order.status == _UNCONFIRMED and order.created_at and not order.unconfirmed_shard:
        # Not if it moves on this moment: what is in the index stays there until it moves.
        as_read, joins = Equals("status", order.status), {_SHARD: shard_of(order.order_id)}
    return Update(
        ORDERS.name,
        {"orderId": order.order_id},
        set={"updatedAt": entry.at, **joins, **told.set},
        add=told.add,
        append=told.append,
        when=(as_read, *told.when),
    )


def note_return(order: OrderRow, units: ReturnedUnits) -> Update:
    """Units that came back, if the order is as it was read: no other return came first."""
    count = order.return_count
    unchanged: Condition = Equals("returnCount", count) if count else Missing("returnCount")
    return Update(
        ORDERS.name,
        {"orderId": order.order_id},
        set={"updatedAt": units.at},
        append={"returns": [units.to_item()]},
        add={"returnCount": 1},
        when=(Equals("status", order.status), unchanged),
    )


def erase_customer(order: OrderRow, pseudonym: str, placed: Mapping[str, str], *, now: str) -> Put:
    """Remove whom an order was for, if the order is as it was read (S46).

    What was sold, for how much, and that its payment has an order, stays for ever (I3).

    Args:
        pseudonym: what stands in the place of the user.
        placed: digests of its request that name no person.
        now: the present moment, ISO-8601.
    """
    erased = replace(
        order,
        user_id=pseudonym,
        customer_name=ERASED,
        customer_email=ERASED_ADDRESS,
        customer_address=ERASED,
        # A caller chose it, and may have chosen a name.
        correlation_id=order.order_id,
        facts={name: text for name, text in order.facts.items() if name in _NAMELESS_FACTS},
        timeline=_without_words(order.timeline),
        returns=tuple(replace(units, reason=ERASED) for units in order.returns),
        placed_identity=placed,
        erased_at=now,
    )
    unchanged: Condition = (
        Equals("updatedAt", order.updated_at) if order.updated_at else Missing("updatedAt")
    )
    as_read = (Equals("status", order.status), unchanged, *_same_contact(order))
    return Put(ORDERS.name, erased.to_item(), when=as_read)


def _without_words(timeline: Timeline) -> Timeline:
    def bare(entry: TimelineEntry) -> TimelineEntry:
        kept = {name: text for name, text in entry.facts.items() if name in _NAMELESS_FACTS}
        return replace(entry, facts=kept)

    first, newest = map(bare, timeline.first), map(bare, timeline.newest)
    return replace(timeline, first=tuple(first), newest=tuple(newest))


def _line_item(line: OrderLine) -> Mapping[str, Value]:
    return {
        "productId": line.product_id,
        "variationId": line.variation_id,
        "quantity": line.quantity,
        "price": line.price,
        "productName": line.product_name,
    }


def _line(item: Item) -> OrderLine:
    return OrderLine(
        product_id=str(item["productId"]),
        variation_id=_text(item, "variationId"),
        quantity=int(str(item["quantity"])),
        price=amount(Decimal(str(item["price"]))),
        product_name=_text(item, "productName"),
    )


def _text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return None if value is None else str(value)


def _texts(value: Value) -> Mapping[str, str]:
    known = value if isinstance(value, Mapping) else {}
    return {str(name): str(text) for name, text in known.items()}
