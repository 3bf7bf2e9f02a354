"""What a payment paid for and for whom: recognises its request again, and names what differs.

A payment belongs to the first request that named it (I4, I29). Stored are digests, field by field:
enough to say which field differs, and nothing of what the customer wrote.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import plain
from shared.contracts.lines import OrderLine
from shared.kernel import strict_json
from shared.kernel.ids import sku_of
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.order import OrderRow
from shared.storage.writes import Item

CONTACT = ("customerName", "customerEmail", "customerAddress")
_TEXTS = ("userId", *CONTACT)
_MOST_BYTES = 400_000


def identity_of(
    payload: CheckoutPayload, lines: Iterable[OrderLine], order_id: str
) -> Mapping[str, str]:
    """Digests of a request by field, whatever order its lines come in."""
    values = plain(payload.model_copy(update={"items": tuple(lines)}))
    return digests_of(values, order_id)


def identity_of_order(order: OrderRow) -> Mapping[str, str]:
    """Digests of the request that an order came from: kept since its contact data was corrected
    (S40), and told by its own fields as long as that did not happen."""
    return order.placed_identity or digests_of(order.for_events(), order.order_id)


def identity_of_checkout(checkout: CheckoutRow) -> Mapping[str, str]:
    """What is known of the request that a checkout came from.

    Rows from before it was kept tell it by the command stored with them. A rejection from then may
    tell nothing, and then nothing differs from it.
    """
    if checkout.identity or checkout.command is None:
        return checkout.identity
    return identity_in_command(checkout.command, checkout.order_id)


def nameless_identity(checkout: CheckoutRow) -> Mapping[str, str]:
    """What stays of a checkout's digests when its copy of the request is removed: of the cart, the
    amount, and whose it is, by which its owner may still ask what became of it.

    A digest of an address or a name shows it to everyone who guesses it, so it goes, too.
    """
    known = identity_of_checkout(checkout)
    kept = {name: digest for name, digest in known.items() if name not in CONTACT}
    if checkout.user_id is not None:
        kept["userId"] = user_digest(checkout.user_id, checkout.order_id)
    return kept


def erased_identity(known: Mapping[str, str]) -> Mapping[str, str]:
    """What stays of a request's digests when its customer is erased (S46): the cart and the amount.

    They are enough to recognise the request: a field that only one side knows does not differ.
    """
    return {name: digest for name, digest in known.items() if name not in _TEXTS}


def user_digest(user_id: str, order_id: str) -> str:
    """The digest that the identity of an order has as ``userId``, if it is this user's."""
    return _digest("userId", user_id, order_id)


def identity_in_command(message: Item, order_id: str) -> Mapping[str, str]:
    """Digests of the request in a stored ``command.checkout``."""
    body = strict_json.loads(str(message["body"]).encode(), max_bytes=_MOST_BYTES)
    return digests_of(body["payload"], order_id)


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """The fields, by their names on the wire, that both know and that are not the same."""
    return tuple(name for name in one if other.get(name, one[name]) != one[name])


def digests_of(values: Mapping[str, Any], order_id: str) -> Mapping[str, str]:
    """Digests of what a request or an order says, its fields by their names on the wire."""
    said = {name: str(values[name]) for name in _TEXTS}
    said["items"] = _lines(values["items"])
    said["totalAmount"] = _amount(values["totalAmount"])
    return {name: _digest(name, text, order_id) for name, text in said.items()}


def amount_digest(amount: Decimal, order_id: str) -> str:
    """The digest that an order's identity has as ``totalAmount``, if this is what was paid."""
    return _digest("totalAmount", _amount(amount), order_id)


def _digest(name: str, text: str, order_id: str) -> str:
    # With the order's id, so that the digests do not show which orders are of one person.
    return hashlib.sha256(f"{order_id}\n{name}\n{text}".encode()).hexdigest()[:32]


def _lines(items: Iterable[Mapping[str, Any]]) -> str:
    units: Counter[tuple[str, str]] = Counter()
    for item in items:
        sku = sku_of(str(item["productId"]), item.get("variationId"))
        units[sku, _amount(item["price"])] += int(str(item["quantity"]))
    return "\n".join(sorted(f"{sku}|{price}|{count}" for (sku, price), count in units.items()))


def _amount(value: object) -> str:
    return f"{Decimal(str(value)):.2f}"
