"""What is overdue, and how often it is worth trying again."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import ReleaseCommand, ReleasePayload
from shared.contracts.sources import API, CHECKOUT_API
from shared.kernel.clock import iso
from shared.kernel.ids import caused_event_id, expiry_event_id_for
from shared.messaging.dead_letters.dead_letter import event_id_of
from shared.messaging.dead_letters.resend import deduplication_id, message_of, obstacle, parsed
from shared.messaging.dead_letters.schedule import is_unconfirmed
from shared.messaging.outbox import Outbound
from shared.storage.records.reservation import Reservation
from shared.storage.writes import Item

# A healthy delivery is done within seconds: what is younger may merely be under way.
OVERDUE_AFTER = timedelta(seconds=60)
# QStash swallows a repeated deduplication id for ten minutes, whatever became of the first.
COMMAND_INTERVAL = timedelta(minutes=11)
MAX_COMMAND_REPEATS = 6
# After so many deliveries by the reconciler an hour has passed: an operator may want to know.
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
class DueLetter:
    """A dead letter that is not settled.

    Args:
        deliveries: how often it was sent by itself.
        delivery_at: when it is sent next, None if only a person does.
        row: as it was read.
    """

    key: str
    topic: str
    deliveries: int
    delivery_at: datetime | None
    row: Item

    def message(self, now: datetime) -> Outbound | None:
        """What to send now, None if it is not time or it cannot be sent."""
        if self.delivery_at is None or self.delivery_at > now:
            return None
        sendings = self.deliveries + int(str(self.row["replays"]))
        return self._message(deduplication_id(self.key, sendings))

    def confirmation(self) -> Outbound | None:
        """What to send although the event was handled, so that our code compares the contents."""
        if not is_unconfirmed(self.row):
            return None
        return self._message(f"{self.key}-repeat-{self.row.get('failures', 0)}")

    def _message(self, deduplication_id: str) -> Outbound | None:
        event_id, event_type = event_id_of(self.key), str(self.row["eventType"])
        original = str(self.row["originalEvent"])
        values = parsed(original)
        if values is None or obstacle(event_id, self.topic, event_type, values) is not None:
            return None
        return message_of(
            event_id,
            self.topic,
            event_type,
            original,
            deduplication_id=deduplication_id,
            values=values,
        )


@dataclass(slots=True)
class Report:
    """What one run did; the field names are those of the answer.

    Args:
        holds: reservations past their end whose release was sent.
    """

    outboxes: int = 0
    commands: int = 0
    holds: int = 0
    given_up: int = 0
    letters: int = 0
    resolved: int = 0
    redelivered: int = 0
    persisting: int = 0
    failures: int = 0
    oldest_pending_seconds: int = 0
    left: bool = field(default=False)


def overdue_before(now: datetime) -> str:
    """Whatever was committed before this moment and is still pending is overdue."""
    return iso(now - OVERDUE_AFTER)


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


def stuck_of(checkout: OwedCheckout, now: datetime) -> Outbound:
    """The audit entry of a checkout that is given up; the same id from every run, at any time."""
    audit = AuditPayload(
        action="checkout.stuck",
        entity_type="checkout",
        entity_id=checkout.order_id,
        user_id=checkout.user_id,
        previous_state={"status": "accepted", "stuck": False},
        new_state={"status": "accepted", "stuck": True},
        metadata={"acceptedAt": checkout.accepted_at, "repeated": checkout.repeated},
    )
    event = AuditRecorded(
        event_id=caused_event_id(checkout.order_id, "checkout.stuck", 0),
        timestamp=now,
        source=API,
        correlation_id=checkout.command.correlation_id,
        causation_id=checkout.command.event_id,
        payload=audit,
    )
    return Outbound.of(event)


def release_of(reservation: Reservation) -> Outbound:
    """The command that ends an expired reservation: the same to the byte in every run."""
    event = ReleaseCommand(
        event_id=expiry_event_id_for(reservation.order_id, reservation.expires_at),
        timestamp=datetime.fromisoformat(reservation.expires_at),
        source=CHECKOUT_API,
        correlation_id=reservation.order_id,
        payload=ReleasePayload(
            order_id=reservation.order_id, items=reservation.lines, reason="timeout"
        ),
    )
    return Outbound.of(event)
