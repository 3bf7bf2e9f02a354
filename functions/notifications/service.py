"""Use cases of the notifications topic."""

from functions.notifications.domain import Mail, SendRecord, SendState
from functions.notifications.ports import Mailer, Renderer, SendLedger
from shared.clock import Clock
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.notifications import EmailRequested
from shared.effects import Effects, Emit, Measure
from shared.errors import BusyError, DeliveryUnknownError, PipelineError
from shared.writes import Write


def send_email(
    event: EmailRequested,
    *,
    renderer: Renderer,
    mailer: Mailer,
    ledger: SendLedger,
    clock: Clock,
) -> Effects:
    """Send one mail, once: what an earlier attempt did is found in the send ledger.

    Raises:
        InvalidInputError: the template or a variable of it is missing.
        MailRefusedError: the mail service will never take it.
        BusyError: another run is sending it.
        DependencyError: nothing was sent; worth a retry.
    """
    payload = event.payload
    html, text = renderer.render(payload.template_id, payload.template_data)
    mail = Mail(
        event_id=event.event_id,
        to=payload.to,
        subject=payload.subject,
        template_id=payload.template_id,
        html=html,
        text=text,
        event=event.to_json(),
    )
    record = ledger.claim(mail)
    if record.mine:
        # Asked last, so that a bounce which arrives while we prepare still counts (I14).
        if ledger.is_suppressed(mail.to):
            return _told(event, mail, "suppressed", [ledger.suppressed(mail)])
        return _send(event, mail, mailer, ledger)
    return _found(event, mail, record, ledger, clock)


def _send(event: EmailRequested, mail: Mail, mailer: Mailer, ledger: SendLedger) -> Effects:
    try:
        message_id = mailer.send(mail)
    except DeliveryUnknownError:
        return _unknown(event, mail, ledger)
    except PipelineError as error:
        ledger.failed(mail, error.code)
        raise
    return _told(event, mail, "sent", [ledger.sent(mail, message_id)])


def _found(
    event: EmailRequested, mail: Mail, record: SendRecord, ledger: SendLedger, clock: Clock
) -> Effects:
    if record.state is not SendState.CLAIMED:
        return _told(event, mail, record.state.value, [])
    left = record.expires_at - clock.now().timestamp()
    if left > 0:
        raise BusyError("another run is sending this mail", retry_after=max(1, round(left)))
    # Whoever held the claim died between asking and knowing: the mail may be out.
    return _unknown(event, mail, ledger)


def _unknown(event: EmailRequested, mail: Mail, ledger: SendLedger) -> Effects:
    return _told(event, mail, "unknown", [ledger.unknown(mail)])


def _told(event: EmailRequested, mail: Mail, outcome: str, writes: list[Write]) -> Effects:
    audit = AuditPayload(
        action=f"email.{outcome}",
        entity_type="email",
        entity_id=event.event_id,
        new_state={"status": outcome},
        metadata={"templateId": mail.template_id, "orderId": _order_of(event)},
    )
    metric = f"Mail{outcome.title()}"
    return Effects(
        outcome=outcome,
        writes=writes,
        emits=[Emit(AuditRecorded, audit)],
        measures=(Measure(metric, 1, {"template": mail.template_id}),),
        facts={"template": mail.template_id},
    )


def _order_of(event: EmailRequested) -> str | None:
    order_id = event.payload.template_data.get("orderId")
    return order_id if isinstance(order_id, str) else None
