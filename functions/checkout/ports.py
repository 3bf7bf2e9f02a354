"""What taking checkouts needs of a store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from functions.checkout.domain import Catalogue
from shared.commerce.cart import Cart
from shared.commerce.payment_identity import user_digest
from shared.contracts.statuses import OrderStatus, RejectionReason, Trust
from shared.messaging.outbox import Outbound
from shared.storage.records.checkout import CheckoutState
from shared.storage.records.order import OrderRow
from shared.storage.writes import Update


class NothingLeftError(Exception):
    """A caller's allowance does not suffice. Never leaves the function: the service tells the rule."""


@dataclass(frozen=True, slots=True)
class StoredCheckout:
    """A checkout as it stands.

    Args:
        user_id: whose it is; None where the copy of the request was removed, and then the digest
            in ``identity`` says it.
        command: the message that makes it an order; its id never changes.
        reason: why it was rejected.
        identity: the request that it came from, as digests by field.
        order: its order as stored, if there is one and it was looked for.
    """

    order_id: str
    payment_id: str
    user_id: str | None
    digest: str
    status: CheckoutState
    reason: RejectionReason | None
    command: Outbound | None
    identity: Mapping[str, str]
    order: OrderRow | None = None

    def belongs_to(self, user_id: str) -> bool:
        """Whether this user checked out."""
        if self.user_id is not None:
            return self.user_id == user_id
        return self.identity.get("userId") == user_digest(user_id, self.order_id)

    @property
    def order_status(self) -> OrderStatus | None:
        """Where its order is in its life."""
        return None if self.order is None else self.order.status


class Checkouts(Protocol):
    """Checkouts and the catalogue they are checked against."""

    def look(self, cart: Cart) -> tuple[Cart, StoredCheckout | None, Catalogue]:
        """The cart under the id that its payment uses, what is stored for that payment, and the
        catalogue as far as the cart needs it, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def accept(
        self, cart: Cart, command: Outbound, *, trust: Trust, spending: Update | None
    ) -> StoredCheckout:
        """Store a new checkout, or give back what another request stored first.

        Args:
            trust: who answers for its payment.
            spending: books its units where callers have an allowance; all or nothing.

        Raises:
            NothingLeftError: the caller's allowance does not suffice; nothing was stored.
            ContentionError: another request is writing it this moment.
            DependencyError: the store did not answer.
        """
        ...

    def find(self, order_id: str) -> StoredCheckout | None:
        """The checkout that an order id belongs to, with its order, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...
