"""What is overdue, and how often it is worth trying again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import iso
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import ReleaseCommand, ReleasePayload
from shared.contracts.sources import API, CHECKOUT_API
from shared.effects import Outbound
from shared.holds import Hold
from shared.ids import caused_event_id, expiry_event_id_for

# A healthy delivery is done within seconds; nobody races one that is merely under way.
PATIENCE = timedelta(seconds=60)
# QStash swallows a repeated deduplication id for ten minutes, whatever became of the first.
COMMAND_INTERVAL = timedelta(minutes=11)
MAX_COMMAND_REPEATS = 6


@dataclass(frozen=True, slots=True)
class OwedCheckout:
    """A checkout that was accepted and never decided.

    Args:
        repeated: how often its command was published again.
        last: when that was last done, empty if never.
    """

    order_id: str
    user_id: str
    accepted_at: str
    command: Outbound
    repeated: int
    last: str


@dataclass(slots=True)
class Report:
    """What one run did."""

    outboxes: int = 0
    commands: int = 0
    holds: int = 0
    given_up: int = 0
    letters: int = 0
    resolved: int = 0
    failures: int = 0
    oldest_pending_seconds: int = 0
    left: bool = field(default=False)


def overdue_before(now: datetime) -> str:
    """Whatever was committed before this moment and is still pending is overdue."""
    return iso(now - PATIENCE)


def is_due(checkout: OwedCheckout, now: datetime) -> bool:
    """Whether publishing the command again could have an effect."""
    return checkout.last <= iso(now - COMMAND_INTERVAL)


def is_hopeless(checkout: OwedCheckout) -> bool:
    """Whether the command was repeated often enough: it is a dead letter by now, or will be."""
    return checkout.repeated >= MAX_COMMAND_REPEATS


def stuck_of(checkout: OwedCheckout, now: datetime) -> Outbound:
    """The audit entry of a checkout that is given up; the same id whoever sends it, and when."""
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


def release_of(hold: Hold) -> Outbound:
    """The command that ends an expired hold: the same to the byte in every run."""
    event = ReleaseCommand(
        event_id=expiry_event_id_for(hold.order_id, hold.expires_at),
        timestamp=datetime.fromisoformat(hold.expires_at),
        source=CHECKOUT_API,
        correlation_id=hold.order_id,
        payload=ReleasePayload(order_id=hold.order_id, items=hold.lines, reason="timeout"),
    )
    return Outbound.of(event)
