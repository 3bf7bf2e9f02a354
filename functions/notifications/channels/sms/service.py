"""The use case of text messages."""

from collections.abc import Mapping

from functions.notifications.channels.sms import segments
from functions.notifications.channels.sms.ports import TextSender
from functions.notifications.channels.sms.text_message import Text
from functions.notifications.domain import Channel
from functions.notifications.send_once import Once, audited, writes_of
from shared.contracts.notifications import SmsRequested
from shared.kernel.errors import InvalidInputError
from shared.kernel.legible import legible_lines
from shared.messaging.effects import Effects
from shared.telemetry import metrics
from shared.telemetry.metrics import Metric

_SMS: Mapping[str, Metric] = {
    "sent": metrics.SMS_SENT,
    "unknown": metrics.SMS_UNKNOWN,
    "suppressed": metrics.SMS_SUPPRESSED,
    "failed": metrics.SMS_FAILED,
}


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
        writes=writes_of(fate),
        emits=[audited(event, Channel.SMS, fate.outcome, {"segments": str(text.segments)})],
        measures=(_SMS[fate.outcome].of(1),),
    )
