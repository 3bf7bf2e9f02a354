"""What taking checkouts needs of a store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from functions.checkout.domain import Cart, CatalogueEntry
from shared.effects import Outbound


@dataclass(frozen=True, slots=True)
class StoredCheckout:
    """A checkout as it stands.

    Args:
        command: the message that makes it an order; its id never changes.
        status: ``accepted``, ``confirmed`` or ``rejected``.
        reason: why it was rejected.
    """

    order_id: str
    payment_id: str
    digest: str
    status: str
    reason: str | None
    command: Outbound | None


class Checkouts(Protocol):
    """Checkouts and the catalogue they are checked against."""

    def look(self, cart: Cart) -> tuple[StoredCheckout | None, Mapping[str, CatalogueEntry]]:
        """What is stored for this payment, and the catalogue entries of the cart, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def accept(self, cart: Cart, command: Outbound) -> StoredCheckout:
        """Store a new checkout, or give back what another request stored first.

        Raises:
            ContentionError: somebody else is writing it this moment.
            DependencyError: the store did not answer.
        """
        ...

    def find(self, order_id: str) -> StoredCheckout | None:
        """The checkout that an order id belongs to.

        Raises:
            DependencyError: the store did not answer.
        """
        ...
