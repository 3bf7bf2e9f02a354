"""The use case of text messages."""

from functions.notifications.channels.sms import segments
from functions.notifications.channels.sms.ports import SmsSender
from functions.notifications.channels.sms.sms import Sms
from functions.notifications.events import audited
from functions.notifications.send_once import SendOnce, writes_of
from shared.contracts.channels import SMS
from shared.contracts.notifications import SmsRequested
from shared.kernel.errors import InvalidInputError
from shared.kernel.legible import legible_lines
from shared.messaging.effects import Effects
from shared.telemetry import metrics


def send_sms(
    event: SmsRequested, *, sender: SmsSender, send_once: SendOnce, max_segments: int
) -> Effects:
    """Send one SMS, once.

    Raises:
        InvalidInputError: nothing to read, or more segments than one SMS may cost.
        RecipientCappedError: the number got enough SMS within this hour; later it goes out.
        MessageRefusedError: the service will never take it.
        BusyError: another run is sending it.
        DependencyError: nothing was sent; worth a retry.
    """
    payload = event.payload
    text = legible_lines(payload.message)
    if not text.strip():
        raise InvalidInputError("payload.message", "must have something to read")
    sms = Sms(
        event_id=event.event_id,
        to=payload.phone_number,
        message=text,
        segments=segments.within(text, max_segments),
        event=event.to_json(),
    )
    result = send_once(sms, sender.send)
    return Effects(
        outcome=result.outcome,
        writes=writes_of(result),
        emits=[audited(event, SMS, result.outcome, {"segments": str(sms.segments)})],
        measures=(metrics.SENDS[SMS][result.outcome].of(1),),
    )
