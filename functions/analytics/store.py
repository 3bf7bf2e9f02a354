"""Audit entries as items."""

from shared.contracts.analytics import AuditRecorded
from shared.contracts.envelope import plain
from shared.kernel.clock import iso
from shared.storage.schema import AUDIT
from shared.storage.writes import Absent, Put, Value, Write


class AuditTables:
    """The audit trail in tables."""

    def entry(self, event: AuditRecorded) -> Write:
        """An audit entry under its entity, in time order."""
        payload = event.payload
        item: dict[str, Value] = {
            **plain(payload),
            "entity": f"{payload.entity_type}#{payload.entity_id}",
            "entryId": f"{iso(event.timestamp)}#{event.event_id}",
            "at": iso(event.timestamp),
            "eventId": event.event_id,
            "source": event.source,
            "correlationId": event.correlation_id,
            "causationId": event.causation_id,
        }
        return Put(AUDIT.name, item, when=(Absent(),))
