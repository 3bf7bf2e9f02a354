"""Publishes a lifecycle event about an order and waits for its verdict.

The command line changes nothing itself: the event takes the same way as any other, and the
orders function decides about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.orders.domain import verdict_on
from ops.core.errors import OperatorError
from ops.orders.store import OrderTables
from shared.commerce.lifecycle_events import step_of
from shared.contracts import catalog
from shared.contracts.sources import API
from shared.kernel.clock import Clock
from shared.kernel.errors import PredecessorMissingError
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables
from shared.storage.records.order import OrderRow

_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the event did: the verdict, and the order's state afterwards."""

    verdict: str
    status: str


class OrderService:
    """Moves orders of one stage."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._orders, self._publisher, self._clock = OrderTables(tables), publisher, clock

    def publish(
        self, order_id: str, event_type: str, facts: Mapping[str, Any], *, event_id: str
    ) -> None:
        """Publish the event.

        Raises:
            OperatorError: there is no such order, or it is not that far: an event would wait.
            InvalidInputError: a fact breaks a rule; names it.
            PublishError: QStash did not take it; repeating is harmless under the same id.
        """
        order = self._order(order_id)
        try:
            verdict_on(event_type, order.status)
        except PredecessorMissingError as early:
            raise OperatorError(f"order: {early}") from None
        event = step_of(
            catalog.models()[event_type],
            order,
            facts,
            event_id=event_id,
            source=API,
            at=self._clock.now(),
        )
        self._publisher.publish([Outbound.of(event)])

    def verdict(self, order_id: str, event_id: str, *, seconds: float) -> Verdict | None:
        """What became of the event, None if that is not known within the time.

        Raises:
            OperatorError: there is no such order.
        """
        end = self._clock.monotonic() + seconds
        while True:
            order = self._order(order_id)
            for entry in order.timeline.entries:
                if entry.event_id == event_id:
                    return Verdict(entry.verdict, order.status)
            if self._clock.monotonic() >= end:
                return None
            self._clock.sleep(_POLL_SECONDS)

    def _order(self, order_id: str) -> OrderRow:
        order = self._orders.find(order_id)
        if order is None:
            raise OperatorError(f"order: there is no order {order_id}")
        return order
