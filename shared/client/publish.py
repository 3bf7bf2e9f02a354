"""Publishing under the names that the shop's programs know.

Each function takes an optional ``publisher``; without one, the process publishes with what its
environment and SSM say, composed once on first use. All of them return the event's id.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import CheckoutCommand, CheckoutPayload
from shared.contracts.envelope import Event, WireModel, validated
from shared.contracts.inventory import StockUpdated, StockUpdatedPayload
from shared.contracts.notifications import EmailPayload, EmailRequested
from shared.contracts.orders import OrderCreated, OrderPayload
from shared.contracts.sources import source_of
from shared.contracts.topics import Topic
from shared.kernel.clock import SystemClock
from shared.kernel.ids import checkout_event_id_for
from shared.kernel.settings import PublisherSettings
from shared.messaging.outbox import DEFAULT_RETRIES, Outbound
from shared.messaging.ports import Publisher
from shared.runtime import compose
from shared.telemetry.powertools import PowertoolsTelemetry

P = TypeVar("P", bound=WireModel)


@cache
def default_publisher() -> Publisher:
    """The publisher of this process.

    Raises:
        ConfigurationError: naming every setting that is missing.
    """
    settings = PublisherSettings.load(os.environ, compose.parameter_reader())
    telemetry = PowertoolsTelemetry(
        service="publisher", stage=settings.stage, level=settings.log_level
    )
    return compose.publisher(settings, SystemClock(), telemetry)


def publish_event(
    topic: Topic | str,
    event: Event,
    *,
    delay: int | None = None,
    retries: int = DEFAULT_RETRIES,
    publisher: Publisher | None = None,
) -> str:
    """Publish one event to a topic.

    Args:
        delay: seconds before the first delivery.
        retries: deliveries after the first one that failed, 0 to 5.

    Raises:
        InvalidInputError: delay or retries out of range.
        PayloadTooLargeError: longer than a topic reads; nothing was published.
        PublishError: QStash did not take it; repeating the same event is harmless.
    """
    message = Outbound.of(event, topic=Topic(topic), delay=delay, retries=retries)
    (publisher or default_publisher()).publish([message])
    return event.event_id


def publish_events(events: Sequence[Event], *, publisher: Publisher | None = None) -> list[str]:
    """Publish many events in one request, each to its own topic.

    Raises:
        PublishError: QStash did not take all of them; repeating all is harmless.
    """
    (publisher or default_publisher()).publish([Outbound.of(event) for event in events])
    return [event.event_id for event in events]


def publish_auto_route(event: Event, *, publisher: Publisher | None = None) -> str:
    """Publish one event to the topic that its type belongs to.

    Raises:
        PublishError: QStash did not take it.
    """
    return publish_events([event], publisher=publisher)[0]


def publish_checkout_command(
    payload: CheckoutPayload | Mapping[str, Any],
    correlation_id: str | None = None,
    *,
    publisher: Publisher | None = None,
) -> str:
    """Ask for an order. The same payment always publishes the same event id.

    Raises:
        InvalidInputError: the payload breaks a rule; names field and rule.
        PublishError: QStash did not take it.
    """
    checked = _payload(CheckoutPayload, payload)
    event_id = checkout_event_id_for(checked.payment_id)
    return _publish(CheckoutCommand, checked, correlation_id, publisher, event_id=event_id)


def publish_order_created(
    payload: OrderPayload | Mapping[str, Any],
    correlation_id: str | None = None,
    *,
    publisher: Publisher | None = None,
) -> str:
    """Tell that an order exists.

    Raises:
        InvalidInputError: the payload breaks a rule.
        PublishError: QStash did not take it.
    """
    return _publish(OrderCreated, _payload(OrderPayload, payload), correlation_id, publisher)


def publish_email_notification(
    payload: EmailPayload | Mapping[str, Any],
    correlation_id: str | None = None,
    *,
    publisher: Publisher | None = None,
) -> str:
    """Ask for a mail.

    Raises:
        InvalidInputError: the payload breaks a rule.
        PublishError: QStash did not take it.
    """
    return _publish(EmailRequested, _payload(EmailPayload, payload), correlation_id, publisher)


def publish_stock_update(
    payload: StockUpdatedPayload | Mapping[str, Any],
    correlation_id: str | None = None,
    *,
    publisher: Publisher | None = None,
) -> str:
    """Tell that units moved.

    Raises:
        InvalidInputError: the payload breaks a rule.
        PublishError: QStash did not take it.
    """
    checked = _payload(StockUpdatedPayload, payload)
    return _publish(StockUpdated, checked, correlation_id, publisher)


def publish_audit_log(
    payload: AuditPayload | Mapping[str, Any],
    correlation_id: str | None = None,
    *,
    publisher: Publisher | None = None,
) -> str:
    """Add to the audit trail.

    Raises:
        InvalidInputError: the payload breaks a rule.
        PublishError: QStash did not take it.
    """
    return _publish(AuditRecorded, _payload(AuditPayload, payload), correlation_id, publisher)


def _payload(model: type[P], values: P | Mapping[str, Any]) -> P:
    return values if isinstance(values, model) else validated(model, values, in_python=True)


def _publish(
    model: type[Event],
    payload: WireModel,
    correlation_id: str | None,
    publisher: Publisher | None,
    *,
    event_id: str | None = None,
) -> str:
    event = model(
        event_id=event_id or f"evt_{uuid.uuid4().hex}",
        timestamp=SystemClock().now(),
        source=source_of(str(model.model_fields["event_type"].default)),
        correlation_id=correlation_id,
        payload=payload,
    )
    return publish_auto_route(event, publisher=publisher)
