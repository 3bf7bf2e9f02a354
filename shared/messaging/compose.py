"""Puts the spine together for one topic, from its settings, its ports and its table of routes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.contracts.envelope import MAX_EVENT_BYTES, Event, read_event
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock
from shared.kernel.settings import ConsumerSettings
from shared.messaging.claims import Claims
from shared.messaging.consumer import Consumer, Endpoint, Verify
from shared.messaging.ports import Publisher
from shared.messaging.processor import Processor, Routes
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.ports import Tables
from shared.telemetry.ports import Telemetry


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a consumer needs from outside; tests hand in their own."""

    tables: Tables
    claims: Claims
    publisher: Publisher
    verify: Verify
    clock: Clock
    telemetry: Telemetry
    jitter: Callable[[], float]


def reader(routes: Routes, *, max_bytes: int = MAX_EVENT_BYTES) -> Callable[[bytes], Event]:
    """Reads the events that these routes handle."""
    models = {event_type: entry.model for event_type, entry in routes.items()}
    return lambda body: read_event(body, models, max_bytes=max_bytes)


def processor(topic: Topic, ports: Ports, routes: Routes) -> Processor:
    """What carries a topic's events through, wherever they come from."""
    return Processor(
        routes,
        claims=ports.claims,
        outbox=TransactionalOutbox(
            ports.tables, ports.publisher, ports.clock, consumer=topic.value
        ),
        clock=ports.clock,
        telemetry=ports.telemetry,
        jitter=ports.jitter,
    )


def consumer(
    topic: Topic,
    settings: ConsumerSettings,
    ports: Ports,
    routes: Routes,
    *,
    others: Mapping[str, Callable[[bytes], Event]] | None = None,
) -> Consumer:
    """The function of one topic.

    Args:
        others: further addresses below the topic's own, by last path segment, each with what
            turns its bodies into an event of ``routes``.
    """
    return Consumer(
        processor(topic, ports, routes),
        main=Endpoint(settings.addresses(topic.value), reader(routes)),
        verify=ports.verify,
        telemetry=ports.telemetry,
        clock=ports.clock,
        max_retry_after=settings.max_retry_after,
        others={
            suffix: Endpoint(settings.addresses(topic.value, suffix), decode)
            for suffix, decode in (others or {}).items()
        },
    )
