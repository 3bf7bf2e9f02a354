"""Publishes a lifecycle event about an order and waits for its verdict.

The command line changes nothing itself: the event takes the same way as any other, and the
orders function decides about it.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.orders.domain import verdict_on
from ops.core.errors import OperatorError
from ops.orders.store import OrderTables
from shared.commerce.contact import contact_in, correction_of, may_correct
from shared.commerce.lifecycle_events import step_of
from shared.contracts import catalog
from shared.contracts.orders import OrderCorrected
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


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction changes.

    Args:
        before, after: the contact fields that differ, by name on the wire; none, if the order says
            all of it already.
        event: what asks for it, None if nothing differs.
    """

    order_id: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    event: OrderCorrected | None


def _fresh_id() -> str:
    return f"evt_{uuid.uuid4().hex}"


class OrderService:
    """Moves orders of one stage, and corrects whom they go to.

    Args:
        new_id: makes the id of a correction's event.
    """

    def __init__(
        self,
        tables: Tables,
        publisher: Publisher,
        clock: Clock,
        *,
        new_id: Callable[[], str] = _fresh_id,
    ) -> None:
        self._orders, self._publisher, self._clock = OrderTables(tables), publisher, clock
        self._new_id = new_id

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

    def correction(
        self, order_id: str, contact: Mapping[str, str], *, reason: str, operator: str
    ) -> Correction:
        """What a correction of contact data would change; nothing is published.

        Args:
            contact: the fields to correct, by name on the wire, as the operator typed them.

        Raises:
            OperatorError: there is no such order, it has left or is cancelled, or its checkout was
                rejected.
            InvalidInputError: a value breaks a rule; names it.
        """
        order = self._orders.find(order_id)
        if order is None and self._orders.checkout_state(order_id) == "rejected":
            raise OperatorError(
                f"order: the checkout of {order_id} was rejected: there is no order"
            )
        order = order or self._order(order_id)
        if not may_correct(order.status):
            said = "contact data counts only until an order is shipped or cancelled"
            raise OperatorError(f"order: {order_id} is {order.status}: {said}")
        event = correction_of(
            order,
            contact,
            reason=reason,
            by="admin",
            event_id=self._new_id(),
            source=API,
            at=self._clock.now(),
            operator=operator,
        )
        news = {} if event is None else contact_in(event.payload)
        before = {name: order.contact[name] for name in news}
        return Correction(order_id=order_id, before=before, after=news, event=event)

    def publish_correction(self, event: OrderCorrected) -> None:
        """Publish it; the orders function decides, and a shipment that comes first wins.

        Raises:
            PublishError: QStash did not take it; the same command again is harmless.
        """
        self._publisher.publish([Outbound.of(event)])

    def is_so(self, correction: Correction) -> bool:
        """Whether the order says now what the correction asks for.

        Raises:
            OperatorError: there is no such order.
        """
        contact = self._order(correction.order_id).contact
        return all(contact[name] == value for name, value in correction.after.items())

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
