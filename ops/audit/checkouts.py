"""What a checkout must come to: one answer, the order it promises, or the money back."""

from collections.abc import Iterator

from ops.audit.dead_letters import UNDATED
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.outbox import parsed
from ops.core.rows import Name, inner, number, text
from shared.commerce.payment_identity import amount_digest
from shared.storage.schema import CHECKOUTS, ORDERS
from shared.storage.writes import Item

_STATUSES = {"accepted", "confirmed", "rejected"}


def first_round(checkout: Item) -> list[Name]:
    """The rows that belong to a checkout."""
    return [(ORDERS.name, (text(checkout, "orderId"),))]


def kept(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Confirmed means that there is an order, anything else that there is none (I5, I6)."""
    for checkout in page.rows:
        order_id, status = text(checkout, "orderId"), text(checkout, "status")
        exists = page.find(ORDERS.name, order_id) is not None
        if status == "confirmed" and not exists:
            yield Finding(order_id, "is confirmed, and there is no such order")
        elif status == "rejected" and exists:
            yield Finding(order_id, "is rejected, and there is an order")
        elif status not in _STATUSES and (status or not _is_only_refunded(checkout)):
            yield Finding(order_id, f"its status {status or '(none)'} does not exist")


def decided(page: Page, moment: Moment) -> Iterator[Finding]:
    """Whatever was accepted has its answer by now, or is where operators look for it: marked as
    stuck by the reconciler, or its command among the dead letters (I5)."""
    for checkout in page.rows:
        if checkout.get("status") != "accepted":
            continue
        order_id, since = text(checkout, "orderId"), text(checkout, "acceptedAt")
        command = text(inner(checkout, "command"), "eventId")
        if checkout.get("stuck"):
            yield Finding(order_id, "was given up on: accepted, never decided", attention=True)
        elif moment.settled(since) and command not in moment.dead_letters.ids:
            yield Finding(order_id, f"was accepted at {since} and is still undecided")


def refunded(page: Page, moment: Moment) -> Iterator[Finding]:
    """A rejected checkout has its one refund request, of the whole amount; one that became an
    order has none unless it was cancelled (I21). That no second request was made is looked for in
    the ledger."""
    for checkout in page.rows:
        order_id, status = text(checkout, "orderId"), text(checkout, "status")
        asked = "refundStatus" in checkout
        if status == "rejected" and not asked:
            late = moment.settled(text(checkout, "decidedAt"))
            if late and order_id not in moment.dead_letters.orders:
                yield Finding(order_id, "is rejected, and the money was not asked back")
        elif status == "confirmed" and asked:
            order = page.find(ORDERS.name, order_id)
            if order is None or order.get("status") != "CANCELLED":
                yield Finding(order_id, "is confirmed, and its money was asked back")
        if asked and not _is_whole(checkout):
            yield Finding(order_id, "another amount was asked back than was paid")


def dated(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A decided checkout has a time after which its copy of the request goes (S44)."""
    for checkout in page.rows:
        decided = checkout.get("status") in {"confirmed", "rejected"}
        if decided and not checkout.keys() & {"decidedShard", "redactedAt"}:
            yield Finding(text(checkout, "orderId"), UNDATED, attention=True)


def redacted(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Once its time is over, a checkout says nothing of a person, and still answers (I3, S44)."""
    for checkout in page.rows:
        if "redactedAt" not in checkout:
            continue
        order_id = text(checkout, "orderId")
        if checkout.get("status") not in {"confirmed", "rejected"}:
            yield Finding(order_id, "was redacted, and is not decided")
        if left := sorted(checkout.keys() & {"command", "userId", "decidedShard"}):
            yield Finding(order_id, f"was redacted, and still has {', '.join(left)}")


def _is_whole(checkout: Item) -> bool:
    body = parsed(text(inner(checkout, "command"), "body"))
    if not body:
        # The copy was removed, or the command came past the API and left none.
        digest = text(inner(checkout, "identity"), "totalAmount")
        order_id = text(checkout, "orderId")
        return digest in {"", amount_digest(number(checkout, "refundAmount"), order_id)}
    paid = number(inner(body, "payload"), "totalAmount")
    return paid == number(checkout, "refundAmount")


def _is_only_refunded(checkout: Item) -> bool:
    # A refund request of another program makes a row without a decision.
    return "refundStatus" in checkout


CHECKS = (
    Check("confirmed if and only if ordered", "I6", CHECKOUTS.name, kept),
    Check("accepted is decided", "I5", CHECKOUTS.name, decided, strict=True),
    Check("rejected is refunded once", "I21", CHECKOUTS.name, refunded),
    Check("decided checkouts have a time", "S44", CHECKOUTS.name, dated),
    Check("redacted checkouts say nothing of a person", "S44", CHECKOUTS.name, redacted),
)
