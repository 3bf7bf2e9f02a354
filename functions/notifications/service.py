"""Use cases of the notifications topic."""

from collections.abc import Mapping, Sequence

from functions.notifications import push_message, segments
from functions.notifications.domain import (
    AddressReported,
    Channel,
    Mail,
    Push,
    Text,
    digest_of,
)
from functions.notifications.ports import (
    Devices,
    Mailer,
    PushSender,
    Renderer,
    SendLedger,
    TextSender,
)
from functions.notifications.sending import Fate, Once
from shared import metrics
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.notifications import EmailPayload, EmailRequested, PushRequested, SmsRequested
from shared.effects import Effects, Emit, Lapse
from shared.envelope import Event
from shared.errors import BusyError, InvalidInputError, PermanentError, PipelineError
from shared.legible import legible, legible_lines
from shared.metrics import Metric
from shared.writes import Write

NO_ENDPOINT = "no_endpoint"
CONFIRMATION = "order-confirmation"
LOW_STOCK = "low-stock-alert"
NO_SUBJECT = "-"
# By what became of a send.
_MAIL: Mapping[str, Metric] = {
    "sent": metrics.MAIL_SENT,
    "unknown": metrics.MAIL_UNKNOWN,
    "suppressed": metrics.MAIL_SUPPRESSED,
    "failed": metrics.MAIL_FAILED,
}
_SMS: Mapping[str, Metric] = {
    "sent": metrics.SMS_SENT,
    "unknown": metrics.SMS_UNKNOWN,
    "suppressed": metrics.SMS_SUPPRESSED,
    "failed": metrics.SMS_FAILED,
}
_PUSH: Mapping[str, Metric] = {"sent": metrics.PUSH_SENT, "unknown": metrics.PUSH_UNKNOWN}


def send_email(
    event: EmailRequested, *, renderer: Renderer, mailer: Mailer, once: Once, alert_address: str
) -> Effects:
    """Send one mail, once.

    Args:
        alert_address: where the shop reads its own alerts; those no cap counts, for thirty
            products may run low at once.

    Raises:
        InvalidInputError: no such template, or a field of its data is missing or of another kind.
        RecipientCappedError: the address got enough mail within this hour; later it goes out.
        MailRefusedError: the mail service will never take it.
        ServiceNotReadyError: nothing was sent; somebody has to put something right first.
        BusyError: another run is sending it.
        DependencyError: nothing was sent; worth a retry.
    """
    payload = event.payload
    html, text = renderer.render(payload.template_id, payload.template_data)
    mail = Mail(
        event_id=event.event_id,
        to=payload.to,
        subject=legible(payload.subject).strip() or NO_SUBJECT,
        template_id=payload.template_id,
        html=html,
        text=text,
        event=event.to_json(),
        priority=payload.priority,
        capped=not _is_alert(payload, alert_address),
    )
    fate = once(mail, mailer.send)
    return Effects(
        outcome=fate.outcome,
        writes=_writes(fate),
        emits=[
            _told(
                event,
                Channel.EMAIL,
                fate.outcome,
                {"templateId": mail.template_id, "orderId": _order_of(event)},
                payload.user_id,
            )
        ],
        measures=(_MAIL[fate.outcome].of(1, template=mail.template_id),),
        lapses=_way(payload, fate),
        facts={"template": mail.template_id},
    )


def send_sms(event: SmsRequested, *, texts: TextSender, once: Once, max_segments: int) -> Effects:
    """Send one text, once.

    Raises:
        InvalidInputError: nothing to read, or more SMS than a text may cost.
        RecipientCappedError: the number got enough texts within this hour; later it goes out.
        MessageRefusedError: the service will never take it.
        BusyError: another run is sending it.
        DependencyError: nothing was sent; worth a retry.
    """
    payload = event.payload
    message = legible_lines(payload.message)
    if not message.strip():
        raise InvalidInputError("payload.message", "must have something to read")
    text = Text(
        event_id=event.event_id,
        to=payload.phone_number,
        message=message,
        segments=segments.within(message, max_segments),
        event=event.to_json(),
    )
    fate = once(text, texts.send)
    return Effects(
        outcome=fate.outcome,
        writes=_writes(fate),
        emits=[_told(event, Channel.SMS, fate.outcome, {"segments": str(text.segments)})],
        measures=(_SMS[fate.outcome].of(1),),
    )


def send_push(event: PushRequested, *, devices: Devices, sender: PushSender, once: Once) -> Effects:
    """Send one message to every device of a user, once to each.

    Each device has a claim of its own, settled before the next device is asked. A crash leaves at
    most one device in doubt; the next attempt passes over those that are done.

    Raises:
        InvalidInputError: longer than a device takes.
        MessageRefusedError: the service will never take it for one of the devices.
        BusyError: another run is sending to one of them.
        DependencyError: some device got nothing yet; worth a retry.
    """
    payload = event.payload
    title, body = legible(payload.title), legible_lines(payload.body)
    message = push_message.message_of(title, body, payload.data)
    registration = devices.of(payload.user_id)
    outcomes: dict[str, str] = {}
    errors: list[PipelineError] = []
    for endpoint in registration.endpoints:
        push = Push(event.event_id, payload.user_id, endpoint, message, event.to_json())
        try:
            outcomes[endpoint] = _settled(once, push, sender)
        except (PermanentError, BusyError) as error:
            errors.append(error)  # one device's trouble is not the others'
    if errors:
        raise next((error for error in errors if error.retryable), errors[0])
    gone = [endpoint for endpoint, outcome in outcomes.items() if outcome == "suppressed"]
    return _pushed(event, outcomes, [devices.without(registration, gone)] if gone else [])


def suppress(event: AddressReported, *, ledger: SendLedger) -> Effects:
    """Never mail an address again, and tell the audit trail, which knows it by its digest only.

    Raises:
        DependencyError: the store did not answer.
    """
    report = event.payload
    if ledger.is_suppressed(report.address):
        return Effects(outcome="already_suppressed")
    audit = AuditPayload(
        action="address.suppressed",
        entity_type="address",
        entity_id=digest_of(report.address),
        previous_state={"status": "mailed"},
        new_state={"status": "suppressed", "reason": report.reason},
    )
    return Effects(
        outcome="suppressed",
        writes=[ledger.suppression(report.address, report.reason)],
        emits=[Emit(AuditRecorded, audit)],
        facts={"reason": report.reason},
    )


def _settled(once: Once, push: Push, sender: PushSender) -> str:
    fate = once(push, sender.send)
    if fate.write is not None:
        once.ledger.settle(fate.write)
    return fate.outcome


def _pushed(event: PushRequested, outcomes: Mapping[str, str], writes: Sequence[Write]) -> Effects:
    counts = {word: list(outcomes.values()).count(word) for word in ("unknown", "sent")}
    outcome = next((word for word, count in counts.items() if count), NO_ENDPOINT)
    metadata = {
        "userId": event.payload.user_id,
        **{word: str(count) for word, count in counts.items()},
        "removed": str(len(outcomes) - sum(counts.values())),
    }
    return Effects(
        outcome=outcome,
        writes=writes,
        emits=[_told(event, Channel.PUSH, outcome, metadata, event.payload.user_id)],
        measures=[_PUSH[word].of(n) for word, n in counts.items() if n],
        facts={"user_id": event.payload.user_id},
    )


def _writes(fate: Fate) -> Sequence[Write]:
    return [] if fate.write is None else [fate.write]


def _is_alert(payload: EmailPayload, alert_address: str) -> bool:
    # Both: else anybody could tell the shop, or with this template anybody else, without an end.
    same_box = digest_of(payload.to) == digest_of(alert_address)
    return payload.template_id == LOW_STOCK and same_box


def _way(payload: EmailPayload, fate: Fate) -> Sequence[Lapse]:
    """From the checkout to its confirmation, if this very run sent it and knows the beginning."""
    if payload.template_id != CONFIRMATION or payload.accepted_at is None or fate.sent_at is None:
        return ()
    return (metrics.CHECKOUT_TO_MAIL.since(payload.accepted_at, fate.sent_at),)


def _told(
    event: Event,
    channel: Channel,
    outcome: str,
    metadata: Mapping[str, str | None],
    user_id: str | None = None,
) -> Emit:
    audit = AuditPayload(
        action=f"{channel}.{outcome}",
        entity_type=channel.value,
        entity_id=event.event_id,
        user_id=user_id,
        previous_state={"status": "requested"},
        new_state={"status": outcome},
        metadata=dict(metadata),
    )
    return Emit(AuditRecorded, audit)


def _order_of(event: EmailRequested) -> str | None:
    order_id = event.payload.template_data.get("orderId")
    return order_id if isinstance(order_id, str) else None
