"""What the notifications topic tells others: the one place where its events are built."""

from collections.abc import Mapping

from functions.notifications.domain import digest_of
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.contracts.channels import Channel
from shared.contracts.envelope import Event
from shared.contracts.topics import Topic
from shared.messaging.outbox import Emit

_NOTIFICATIONS = Actor.system(Topic.NOTIFICATIONS)


def audited(
    event: Event,
    channel: Channel,
    outcome: str,
    metadata: Mapping[str, str | None],
    user_id: str | None = None,
) -> Emit:
    """The audit entry about a send.

    Args:
        outcome: one word, such as ``sent``.
        metadata: facts about the send that name no person.
        user_id: whom it is about, if the event says so.
    """
    audit = AuditPayload(
        action=channel.action(outcome),
        entity_type=channel.name,
        entity_id=event.event_id,
        user_id=user_id,
        previous_state={"status": "requested"},
        new_state={"status": outcome},
        metadata={**metadata, **_NOTIFICATIONS.as_metadata()},
    )
    return Emit(AuditRecorded, audit)


def suppression_audit_of(address: str, reason: str) -> Emit:
    """The audit entry of an address that is not mailed any more; it is known by its digest only."""
    audit = AuditPayload(
        action=AuditAction.ADDRESS_SUPPRESSED,
        entity_type="address",
        entity_id=digest_of(address),
        previous_state={"status": "mailed"},
        new_state={"status": "suppressed", "reason": reason},
        metadata=_NOTIFICATIONS.as_metadata(),
    )
    return Emit(AuditRecorded, audit)
