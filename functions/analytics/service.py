"""Use cases of the analytics topic; keeping dead letters is shared with the reconciler."""

from functions.analytics.ports import AuditTrail
from shared.contracts.analytics import AuditRecorded, MetricRecorded
from shared.effects import Effects, Measure


def keep_audit(event: AuditRecorded, *, trail: AuditTrail) -> Effects:
    """Add to the audit trail."""
    return Effects(outcome="kept", writes=[trail.entry(event)])


def write_metric(event: MetricRecorded) -> Effects:
    """Write a business metric, once its event is durably known."""
    payload = event.payload
    measure = Measure(payload.metric, payload.value, payload.dimensions)
    return Effects(outcome="measured", measures=(measure,))
