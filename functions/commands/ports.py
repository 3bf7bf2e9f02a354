"""What deciding about a checkout needs of a store."""

from collections.abc import Sequence
from typing import Protocol

from functions.commands.domain import Cart, Reject, Situation
from shared.writes import Write


class OrderBook(Protocol):
    """Knows orders, checkouts and stock; spells decisions as writes."""

    def situation(self, cart: Cart) -> Situation:
        """Everything the decision depends on, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def placed(
        self, cart: Cart, situation: Situation, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """The order, its stock and its checkout: all or none (I6)."""
        ...

    def turned_down(self, cart: Cart, situation: Situation, decision: Reject) -> Sequence[Write]:
        """The checkout's final answer."""
        ...
