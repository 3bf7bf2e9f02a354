"""Events to begin with, one or more of each type, in `samples/`.

They belong together and use the seeded catalogue: `command.checkout` makes an order, and the
others are about that order. A payment has the same order for ever, so the order's id is known
before the order exists: the files have plain ids, and `on_stack` puts those of a stack's key there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.contracts.channels import CHANNELS
from shared.contracts.topics import Topic, topic_of
from shared.kernel.ids import OrderIds

PAYMENTS = ("pay_sample", "pay_sample_sold_out", "pay_sample_wrong_price")
_FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """One event as a file.

    Args:
        shows: what happens when it is sent.
    """

    name: str
    event_type: str
    shows: str

    @property
    def topic(self) -> Topic:
        """Where it belongs."""
        return topic_of(self.event_type)

    @property
    def path(self) -> Path:
        """The file."""
        return _FOLDER / f"{self.name}.json"


def _plain(event_type: str, shows: str) -> Sample:
    return Sample(event_type, event_type, shows)


_CHECKOUT = "command.checkout"
_WHERE = {
    "notification.email": " in the mailbox",
    "notification.push": " to the devices that `ops push` registered",
}

# In the order in which they make sense one after the other.
SAMPLES = (
    _plain("command.inventory.reserve", "units reserved for the order, for 15 minutes"),
    _plain(_CHECKOUT, "an order, its mail, its stock; again: nothing, a payment has one order"),
    Sample("command.checkout-sold-out", _CHECKOUT, "a rejected checkout: refund and apology"),
    Sample("command.checkout-wrong-price", _CHECKOUT, "a price that is not the catalogue's"),
    _plain("order.created", "a note on the order's timeline"),
    _plain("order.confirmed", "the order goes from PENDING to CONFIRMED"),
    _plain("order.processing", "… from CONFIRMED to PROCESSING"),
    _plain("order.shipped", "… to SHIPPED, with a mail that has the tracking link"),
    _plain("order.delivered", "… from SHIPPED to DELIVERED"),
    _plain("order.cancelled", "before it is shipped: stock goes back, a refund is asked for"),
    _plain(
        "order.corrected", "before it is shipped: another mail address, told to the old one, too"
    ),
    _plain(
        "order.refund.requested",
        "the money of the sold-out checkout: asked back once, however often",
    ),
    _plain("order.rejected", "a note on the timeline of the sold-out checkout"),
    _plain("command.inventory.release", "releases the units that are still reserved for the order"),
    *(
        _plain(channel.event_type, f"{channel.one}{_WHERE.get(channel.event_type, '')}")
        for channel in CHANNELS
    ),
    _plain("inventory.stock.updated", "a movement of one SKU's units"),
    _plain("inventory.stock.low", "the low-stock alert of one SKU, by mail if its row is low"),
    _plain("inventory.stock.reserved", "the answer to a reservation, noted"),
    _plain("analytics.metric", "a measurement; without a declaration it is counted only"),
    _plain("analytics.audit", "an entry in the audit trail"),
    _plain("analytics.dlq", "a dead letter, for `ops dead-letters`"),
)


def sample(name: str) -> Sample | None:
    """The sample with this name, if there is one."""
    return next((each for each in SAMPLES if each.name == name), None)


def on_stack(body: bytes, order_id_for: Callable[[str], str]) -> bytes:
    """A sample's event with the order ids that its payments have on a stack.

    Args:
        order_id_for: the id of a payment's order there; asked only for orders that are named.
    """
    for payment_id in PAYMENTS:
        plain = OrderIds.plain(payment_id).encode()
        if plain in body:
            body = body.replace(plain, order_id_for(payment_id).encode())
    return body
