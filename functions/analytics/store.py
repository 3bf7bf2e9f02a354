"""Audit entries and dead letters as items."""

from functions.analytics.domain import DeadLetter
from shared import strict_json
from shared.clock import iso
from shared.contracts.analytics import AuditRecorded
from shared.envelope import plain
from shared.ports import Tables
from shared.schema import AUDIT, DEAD_LETTERS
from shared.writes import Absent, Present, Put, Update, Value, Write


class ArchiveTables:
    """Audit trail and dead letters in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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

    def has_letter(self, event_id: str) -> bool:
        """Whether the event is among the dead letters already.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(DEAD_LETTERS.name, {"eventId": event_id}) is not None

    def new_letter(self, letter: DeadLetter) -> Write:
        """The first report: the whole record."""
        return Put(
            DEAD_LETTERS.name,
            {
                "eventId": letter.event_id,
                "state": "open",
                "topic": letter.topic,
                "eventType": letter.event_type,
                "error": letter.error,
                "attempts": letter.attempts,
                "firstFailedAt": letter.first_failed_at,
                "lastFailedAt": letter.last_failed_at,
                "reportedBy": [letter.reported_by],
                "messageId": letter.message_id,
                "dlqId": letter.dlq_id,
                # Text, so that a replay sends what was sent, to the digit.
                "originalEvent": strict_json.dumps(letter.original),
            },
            when=(Absent(),),
        )

    def repeated_letter(self, letter: DeadLetter) -> Write:
        """A further report: what failed last, and how often in all."""
        return Update(
            DEAD_LETTERS.name,
            {"eventId": letter.event_id},
            set={
                "error": letter.error,
                "lastFailedAt": letter.last_failed_at,
                "messageId": letter.message_id,
                "dlqId": letter.dlq_id,
            },
            add={"attempts": letter.attempts},
            append={"reportedBy": [letter.reported_by]},
            when=(Present(),),
        )
