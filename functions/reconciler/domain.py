"""What is overdue, and how often it is worth trying again."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.kernel.clock import iso
from shared.messaging.dead_letters.dead_letter import event_id_of
from shared.messaging.dead_letters.resend import deduplication_id, message_of, obstacle, parsed
from shared.messaging.outbox import Outbound
from shared.storage.records.dead_letter import DeadLetterRow

# A healthy delivery is done within seconds: what is younger may merely be under way.
OVERDUE_AFTER = timedelta(seconds=60)
# QStash swallows a repeated deduplication id for ten minutes, whatever became of the first.
COMMAND_INTERVAL = timedelta(minutes=11)
MAX_COMMAND_REPEATS = 6
# After so many deliveries of a dead letter by itself an hour has passed: an operator may want to know.
PERSISTING_AFTER = 6


@dataclass(frozen=True, slots=True)
class OwedCheckout:
    """A checkout that was accepted and never decided.

    Args:
        repeated: how often its command was published again.
        last: when that was last done, empty if never.
    """

    order_id: str
    user_id: str | None
    accepted_at: str
    command: Outbound
    repeated: int
    last: str


@dataclass(frozen=True, slots=True)
class DueDeadLetter:
    """A dead letter that is not settled, as it was read."""

    row: DeadLetterRow

    @property
    def delivery_at(self) -> datetime | None:
        """When it is sent by itself next, None if only a person sends it."""
        at = self.row.next_delivery_at
        return datetime.fromisoformat(at) if at else None

    def message(self, now: datetime) -> Outbound | None:
        """What to send now, None if it is not time or it cannot be sent."""
        if self.delivery_at is None or self.delivery_at > now:
            return None
        return self._message(deduplication_id(self.row.key, self.row.sendings))

    def confirmation(self) -> Outbound | None:
        """What to send although the event was handled, so that our code compares the contents."""
        if not self.row.is_unconfirmed:
            return None
        return self._message(f"{self.row.key}-repeat-{self.row.failures}")

    def _message(self, deduplication_id: str) -> Outbound | None:
        row, event_id = self.row, event_id_of(self.row.key)
        values = parsed(row.original)
        if values is None or obstacle(event_id, row.topic, row.event_type, values) is not None:
            return None
        return message_of(
            event_id,
            row.topic,
            row.event_type,
            row.original,
            deduplication_id=deduplication_id,
            values=values,
        )


@dataclass(slots=True)
class Report:
    """What one run did; the field names are those of the answer.

    Args:
        holds: reservations past their end whose release was sent.
        lapses: orders that nothing confirmed in time whose cancellation was sent.
        letters: failures that no callback had reported, kept as dead letters.
        redacted: rows whose copy of personal data was removed, because its time was over.
    """

    outboxes: int = 0
    commands: int = 0
    holds: int = 0
    lapses: int = 0
    given_up: int = 0
    letters: int = 0
    resolved: int = 0
    redelivered: int = 0
    persisting: int = 0
    redacted: int = 0
    failures: int = 0
    oldest_pending_seconds: int = 0
    left: bool = field(default=False)


def overdue_before(now: datetime) -> str:
    """Whatever was committed before this moment and is still pending is overdue."""
    return iso(now - OVERDUE_AFTER)


def lapsed_before(now: datetime, seconds: int) -> str:
    """Whatever was placed before this moment and is still unconfirmed lapses.

    Args:
        seconds: how old an order may become that nothing confirmed.
    """
    return iso(now - timedelta(seconds=seconds))


def is_due(checkout: OwedCheckout, now: datetime) -> bool:
    """Whether publishing the command again could have an effect."""
    return checkout.last <= iso(now - COMMAND_INTERVAL)


def repetition_of(checkout: OwedCheckout) -> Outbound:
    """The command once more, as a message that QStash does not take for the one before."""
    command, times = checkout.command, checkout.repeated + 1
    return replace(command, deduplication_id=f"{command.event_id}-repeat-{times}")


def is_hopeless(checkout: OwedCheckout) -> bool:
    """Whether the command was repeated often enough: it is a dead letter by now, or will be."""
    return checkout.repeated >= MAX_COMMAND_REPEATS
