"""Puts the analytics topic together: which event goes to which use case."""

from functools import partial

from functions.analytics import service
from functions.analytics.settings import AnalyticsSettings
from functions.analytics.store import AuditTables
from shared.contracts import analytics, topics
from shared.contracts.envelope import Event
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import failure_callback
from shared.messaging.dead_letters.keep import keep_dead_letter
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.processor import route
from shared.runtime.compose import consumer_function
from shared.telemetry.declared_metrics import declared


def build(settings: AnalyticsSettings, ports: Ports) -> Consumer:
    """The analytics function over the given ports, with its second address for failures."""
    audit = partial(service.keep_audit, trail=AuditTables())
    metric = partial(service.write_metric, declared=declared(settings.outside_metrics))
    dead = partial(keep_dead_letter, dead_letters=DeadLetterTables(ports.tables, ports.clock))
    routes = {
        topics.ANALYTICS_AUDIT: route(analytics.AuditRecorded, audit),
        topics.ANALYTICS_METRIC: route(analytics.MetricRecorded, metric),
        topics.ANALYTICS_DLQ: route(analytics.DeadLetterReported, dead),
    }

    def failed(body: bytes) -> Event:
        return failure_callback.decode(body, now=ports.clock.now())

    return consumer(topics.Topic.ANALYTICS, settings, ports, routes, others={"failures": failed})


make = consumer_function(topics.Topic.ANALYTICS, AnalyticsSettings, build)
