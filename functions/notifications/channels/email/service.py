"""Use cases of mail: send one, and believe what is reported of an address."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from functions.notifications.channels.email.mail import AddressReported, Mail
from functions.notifications.channels.email.ports import Mailer, Renderer
from functions.notifications.domain import CONFIRMATION, Cause, digest_of
from functions.notifications.events import audited, suppression_audit_of
from functions.notifications.ports import SendLedger
from functions.notifications.send_once import SendOnce, SendResult, writes_of
from shared.contracts.channels import EMAIL
from shared.contracts.notifications import EmailPayload, EmailRequested
from shared.contracts.statuses import Trust
from shared.kernel.legible import legible
from shared.kernel.unlinked import unlinked
from shared.messaging.effects import Effects
from shared.telemetry import metrics
from shared.telemetry.measurement import Duration

LOW_STOCK = "low-stock-alert"
NO_SUBJECT = "-"
_CAUSES: Mapping[Trust | None, Cause] = MappingProxyType(
    {"signed": Cause.VOUCHED, "open": Cause.OPEN}
)


def send_email(
    event: EmailRequested,
    *,
    renderer: Renderer,
    mailer: Mailer,
    send_once: SendOnce,
    alert_address: str,
) -> Effects:
    """Send one mail, once.

    Args:
        alert_address: where the shop reads its own alerts; those no cap counts, for thirty
            products may run low at once.

    Raises:
        InvalidInputError: no such template, or a field of its data is missing or of another kind.
        RecipientCappedError: the address got enough mail within this hour; later it goes out.
        MailRefusedError: the mail service will never take it.
        ServiceNotReadyError: nothing was sent; an operator has to fix something first.
        BusyError: another run is sending it.
        DependencyError: nothing was sent; worth a retry.
    """
    payload = event.payload
    html, text = renderer.render(payload.template_id, payload.template_data)
    mail = Mail(
        event_id=event.event_id,
        to=payload.to,
        subject=unlinked(legible(payload.subject)).strip() or NO_SUBJECT,
        template_id=payload.template_id,
        html=html,
        text=text,
        event=event.to_json(),
        priority=payload.priority,
        capped=not _is_alert(payload, alert_address),
        cause=_CAUSES.get(payload.trust, Cause.PROGRAM),
    )
    result = send_once(mail, mailer.send)
    return Effects(
        outcome=result.outcome,
        writes=writes_of(result),
        emits=[
            audited(
                event,
                EMAIL,
                result.outcome,
                {"templateId": mail.template_id, "orderId": _order_of(event)},
                payload.user_id,
            )
        ],
        measures=(metrics.SENDS[EMAIL][result.outcome].of(1, template=mail.template_id),),
        durations=_way(payload, result),
        facts={"template": mail.template_id},
    )


def suppress(event: AddressReported, *, ledger: SendLedger) -> Effects:
    """Never mail an address again, and tell the audit trail, which knows it by its digest only.

    Raises:
        DependencyError: the store did not answer.
    """
    report = event.payload
    if ledger.is_suppressed(report.address):
        return Effects(outcome="already_suppressed")
    return Effects(
        outcome="suppressed",
        writes=[ledger.suppression(report.address, report.reason)],
        emits=[suppression_audit_of(report.address, report.reason)],
        facts={"reason": report.reason},
    )


def _way(payload: EmailPayload, result: SendResult) -> Sequence[Duration]:
    """From the checkout to its confirmation, if this very run sent it and knows the beginning."""
    if payload.template_id != CONFIRMATION or payload.accepted_at is None or result.sent_at is None:
        return ()
    return (metrics.CHECKOUT_TO_MAIL.since(payload.accepted_at, result.sent_at),)


def _order_of(event: EmailRequested) -> str | None:
    order_id = event.payload.template_data.get("orderId")
    return order_id if isinstance(order_id, str) else None


def _is_alert(payload: EmailPayload, alert_address: str) -> bool:
    # Both conditions: with only one, a publisher could send mail without limit, to the shop with
    # any template, or to any address with this template.
    same_box = digest_of(payload.to) == digest_of(alert_address)
    return payload.template_id == LOW_STOCK and same_box
