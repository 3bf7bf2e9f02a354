"""Checkout rows: a paid cart on its way to an order, and the money that goes back if it must.

The API inserts the row, the commands function decides it, the reconciler repeats its command, the
orders function asks the money back, and an operator says that it went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, cast

from shared.contracts.statuses import RejectionReason, Trust
from shared.storage.records.timeline import NAME, Timeline, TimelineEntry
from shared.storage.schema import CHECKOUTS, shard_of
from shared.storage.writes import (
    Absent,
    Check,
    Condition,
    Equals,
    Item,
    Missing,
    Present,
    Put,
    Update,
    Value,
)

CheckoutState = Literal["accepted", "confirmed", "rejected"]
RefundState = Literal["requested", "settled"]
REQUESTED: RefundState = "requested"
SETTLED: RefundState = "settled"
_UNDECIDED = (Equals("status", "accepted"),)


@dataclass(frozen=True, slots=True)
class RefundRow:
    """The money of one payment that goes back, or went: attributes of its checkout's row.

    Args:
        amount: the whole of the payment, in the shop's currency.
        requested_at, settled_at: ISO-8601.
        event_id: the event that asked for it.
        reference: the payment provider's name for the refund, empty until it is settled.
        is_vouched: whether the shop vouched for the payment when it was named.
    """

    status: RefundState
    amount: Decimal
    reason: str
    requested_at: str
    event_id: str
    reference: str = ""
    settled_at: str = ""
    is_vouched: bool = True

    def to_item(self) -> dict[str, Value]:
        """Its attributes in the row."""
        item: dict[str, Value] = {
            "refundStatus": self.status,
            "refundAmount": self.amount,
            "refundReason": self.reason,
            "refundRequestedAt": self.requested_at,
            "refundEventId": self.event_id,
        }
        if not self.is_vouched:
            item["refundVouched"] = False
        settled = {"refundReference": self.reference, "refundSettledAt": self.settled_at}
        return item | {name: value for name, value in settled.items() if value}

    @classmethod
    def from_item(cls, row: Item) -> "RefundRow | None":
        """As read from the row that it stands in, None if no money is to go back."""
        if row.get("refundStatus") is None:
            return None
        return cls(
            status=cast("RefundState", row["refundStatus"]),
            amount=Decimal(str(row["refundAmount"])),
            reason=str(row["refundReason"]),
            requested_at=str(row["refundRequestedAt"]),
            event_id=_text(row, "refundEventId") or "",
            reference=_text(row, "refundReference") or "",
            settled_at=_text(row, "refundSettledAt") or "",
            is_vouched=row.get("refundVouched") is not False,
        )


@dataclass(frozen=True, slots=True)
class CheckoutRow:
    """A checkout as stored.

    A command of the shop's own programs has no ``accepted_at``, ``command`` and ``pending_shard``:
    the row begins with its decision. A row from before refunds waited for their checkout may have
    nothing but a refund, and then no ``status``, ``user_id`` and ``cart_digest``.

    Args:
        cart_digest: recognises the cart.
        identity: digests of the request by field; rows from before it was kept have none.
        command: the message that makes it an order, as the outbox keeps messages.
        pending_shard: its partition of the index of undecided checkouts, None once it is decided.
        accepted_at, decided_at, repeated_at, updated_at: ISO-8601.
        reason, skus: why it was rejected, and which products are the reason.
        repeated: how often its command was published again.
        is_stuck: whether the reconciler gave it up.
        trust: who answers for the payment; rows from before it was kept say nothing.
        decided_shard: its partition of the index of decided checkouts, None once nothing of the
            request is left in it; rows from before there was the index have none.
        redacted_at: when ``command`` and ``user_id`` were removed, because their time was over.
    """

    order_id: str
    payment_id: str
    user_id: str | None = None
    cart_digest: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    status: CheckoutState | None = None
    accepted_at: str | None = None
    command: Item | None = None
    pending_shard: str | None = None
    decided_at: str | None = None
    reason: RejectionReason | None = None
    skus: tuple[str, ...] = ()
    repeated: int = 0
    repeated_at: str | None = None
    is_stuck: bool = False
    trust: Trust | None = None
    decided_shard: str | None = None
    redacted_at: str | None = None
    refund: RefundRow | None = None
    timeline: Timeline = field(default_factory=Timeline)
    updated_at: str | None = None

    def to_item(self) -> dict[str, Value]:
        """As stored; what it does not have is left out."""
        known: dict[str, Value] = {
            "orderId": self.order_id,
            "paymentId": self.payment_id,
            "userId": self.user_id,
            "cartDigest": self.cart_digest,
            "identity": self.identity or None,
            "status": self.status,
            "acceptedAt": self.accepted_at,
            "command": self.command,
            "pendingShard": self.pending_shard,
            "decidedAt": self.decided_at,
            "reason": self.reason,
            "skus": None if self.reason is None else list(self.skus),
            "repeated": self.repeated or None,
            "repeatedAt": self.repeated_at,
            "stuck": self.is_stuck or None,
            "updatedAt": self.updated_at,
            "trust": self.trust,
            "decidedShard": self.decided_shard,
            "redactedAt": self.redacted_at,
            **({} if self.refund is None else self.refund.to_item()),
            **self.timeline.to_item(),
        }
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def from_item(cls, item: Item) -> "CheckoutRow":
        """As read."""
        return cls(
            order_id=str(item["orderId"]),
            payment_id=str(item["paymentId"]),
            user_id=_text(item, "userId"),
            cart_digest=_text(item, "cartDigest"),
            identity=_texts(item.get("identity")),
            status=cast("CheckoutState | None", item.get("status")),
            accepted_at=_text(item, "acceptedAt"),
            command=cast("Item | None", item.get("command")),
            pending_shard=_text(item, "pendingShard"),
            decided_at=_text(item, "decidedAt"),
            reason=cast("RejectionReason | None", item.get("reason")),
            skus=tuple(map(str, cast("Sequence[str]", item.get("skus") or ()))),
            repeated=int(str(item.get("repeated", 0))),
            repeated_at=_text(item, "repeatedAt"),
            is_stuck=bool(item.get("stuck")),
            trust=cast("Trust | None", item.get("trust")),
            decided_shard=_text(item, "decidedShard"),
            redacted_at=_text(item, "redactedAt"),
            refund=RefundRow.from_item(item),
            timeline=Timeline.from_item(item),
            updated_at=_text(item, "updatedAt"),
        )


def insert_checkout(checkout: CheckoutRow) -> Put:
    """A new checkout; the first request of a payment wins (I4)."""
    return Put(CHECKOUTS.name, checkout.to_item(), when=(Absent(),))


def no_checkout(order_id: str) -> Check:
    """Nothing was accepted or decided under this order id.

    Every order is written with its checkout, so there is no order under it either: of the two ids
    that a payment can have, one stays without rows for ever (I3).
    """
    return Check(CHECKOUTS.name, {"orderId": order_id}, when=(Absent(),))


def accept_beside_refund(checkout: CheckoutRow) -> Update:
    """A new checkout on a row that has nothing but a refund, which stays as it is (I4, I21)."""
    accepted = checkout.to_item()
    del accepted["orderId"]
    return Update(
        CHECKOUTS.name,
        {"orderId": checkout.order_id},
        set=accepted,
        when=(Present(), Missing("status")),
    )


def decide_checkout(decided: CheckoutRow, *, accepted_digest: str | None) -> Update:
    """The final answer, once, and only to the checkout as it was read.

    Another cart that the API accepts for the same payment in this very moment must not be decided,
    nor overwritten, by this answer (I4).

    Args:
        decided: who paid for which cart, and the answer.
        accepted_digest: the cart that the API accepted, None if the command came without the API.
    """
    as_read: tuple[Condition, ...] = (
        (Missing("status"),)
        if accepted_digest is None
        else (Equals("status", "accepted"), Equals("cartDigest", accepted_digest))
    )
    answer = {**decided.to_item(), "decidedShard": shard_of(decided.order_id)}
    del answer["orderId"]
    return Update(
        CHECKOUTS.name,
        {"orderId": decided.order_id},
        set=answer,
        remove=("pendingShard",),
        when=as_read,
    )


def note_repetition(order_id: str, now: str) -> Update:
    """The command of an undecided checkout was published again."""
    return Update(
        CHECKOUTS.name,
        {"orderId": order_id},
        set={"repeatedAt": now},
        add={"repeated": 1},
        when=_UNDECIDED,
    )


def give_up_checkout(order_id: str) -> Update:
    """Out of the index of undecided checkouts, and marked for the operators."""
    return Update(
        CHECKOUTS.name,
        {"orderId": order_id},
        set={"stuck": True},
        remove=("pendingShard",),
        when=_UNDECIDED,
    )


def note_on_checkout(checkout: CheckoutRow, entry: TimelineEntry) -> Update:
    """One more entry on the timeline: the first, the newest, and how many (I30)."""
    told = checkout.timeline.note(entry)
    return Update(
        CHECKOUTS.name,
        {"orderId": checkout.order_id},
        set={"updatedAt": entry.at, **told.set},
        add=told.add,
        append=told.append,
        when=(Present(), *told.when),
    )


def request_refund(order_id: str, refund: RefundRow, entry: TimelineEntry) -> Update:
    """The request with its checkout, once (I21); a payment integration finds it by its state."""
    return Update(
        CHECKOUTS.name,
        {"orderId": order_id},
        set=refund.to_item(),
        append={NAME: [entry.to_item()]},
        when=(Present(), Missing("refundStatus")),
    )


def settle_refund(order_id: str, *, reference: str, now: str) -> Update:
    """The money went back, under the payment provider's reference."""
    return Update(
        CHECKOUTS.name,
        {"orderId": order_id},
        set={"refundStatus": SETTLED, "refundReference": reference, "refundSettledAt": now},
        when=(Equals("refundStatus", REQUESTED),),
    )


def _text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return None if value is None else str(value)


def _texts(value: Value) -> Mapping[str, str]:
    known = value if isinstance(value, Mapping) else {}
    return {str(name): str(digest) for name, digest in known.items()}
