"""Use cases of the analytics topic; keeping dead letters is shared with the reconciler."""

from collections.abc import Mapping
from dataclasses import replace

from functions.analytics.ports import AuditTrail
from shared.contracts.analytics import AuditRecorded, MetricRecorded
from shared.messaging.effects import Effects
from shared.telemetry import metrics
from shared.telemetry.metrics import Metric


def keep_audit(event: AuditRecorded, *, trail: AuditTrail) -> Effects:
    """Add to the audit trail."""
    return Effects(outcome="kept", writes=[trail.entry(event)])


def write_metric(event: MetricRecorded, *, declared: Mapping[str, Metric]) -> Effects:
    """Write a business metric, once its event is durably known.

    A metric that the deployment does not declare is only counted, and its event's id is in the log.
    An event must not create a series (and its cost) that the shop did not choose. It is not refused
    for that either.
    """
    payload = event.payload
    metric = declared.get(payload.metric)
    if metric is None:
        counted = replace(
            metrics.UNDECLARED_METRICS.of(1),
            notes={"event_id": event.event_id},
        )
        return Effects(outcome="undeclared", measures=(counted,))
    return Effects(outcome="measured", measures=(metric.of(payload.value, **payload.dimensions),))
