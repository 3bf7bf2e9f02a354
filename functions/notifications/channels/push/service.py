"""The use case of push messages: one to every device of a user."""

from collections.abc import Mapping, Sequence

from functions.notifications.channels.push.message import message_of
from functions.notifications.channels.push.ports import Devices, PushSender
from functions.notifications.channels.push.push import Push
from functions.notifications.events import audited
from functions.notifications.send_once import SendOnce
from shared.contracts.channels import PUSH
from shared.contracts.content import digest_of
from shared.contracts.notifications import PushRequested
from shared.kernel.errors import BusyError, PermanentError, PipelineError
from shared.kernel.legible import legible, legible_lines
from shared.messaging.effects import Effects
from shared.storage.writes import Write
from shared.telemetry import metrics

NO_ENDPOINT = "no_endpoint"


def send_push(
    event: PushRequested, *, devices: Devices, sender: PushSender, send_once: SendOnce
) -> Effects:
    """Send one message to every device of a user, once to each.

    Each device has a claim of its own, settled before the next device is asked. A crash leaves at
    most one device in doubt; the next attempt passes over those that are done.

    Raises:
        InvalidInputError: longer than a device takes.
        EventIdReusedError: another push has this id; no device got this one.
        MessageRefusedError: the service will never take it for one of the devices.
        BusyError: another run is sending to one of them, or has just failed to.
        DependencyError: some device got nothing yet; worth a retry.
    """
    payload = event.payload
    title, body = legible(payload.title), legible_lines(payload.body)
    message = message_of(title, body, payload.data)
    registration = devices.of(payload.user_id)
    if registration.endpoints:
        # The send ids name devices: another push under the same id would have others (I29).
        send_once.ledger.keep_content(event.event_id, digest_of(event))
    outcomes: dict[str, str] = {}
    errors: list[PipelineError] = []
    for endpoint in registration.endpoints:
        push = Push(event.event_id, payload.user_id, endpoint, message, event.to_json())
        try:
            outcomes[endpoint] = _settled(send_once, push, sender)
        except (PermanentError, BusyError) as error:
            errors.append(error)  # one device's trouble is not the others'
    if errors:
        raise next((error for error in errors if error.retryable), errors[0])
    gone = [endpoint for endpoint, outcome in outcomes.items() if outcome == "suppressed"]
    return _pushed(event, outcomes, [devices.without(registration, gone)] if gone else [])


def _settled(send_once: SendOnce, push: Push, sender: PushSender) -> str:
    result = send_once(push, sender.send)
    if result.write is not None:
        send_once.ledger.settle(result.write)
    return result.outcome


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
        emits=[audited(event, PUSH, outcome, metadata, event.payload.user_id)],
        measures=[metrics.SENDS[PUSH][word].of(n) for word, n in counts.items() if n],
        facts={"user_id": event.payload.user_id},
    )
