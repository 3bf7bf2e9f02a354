"""What SES reports back about mail: bounces and complaints, through SNS.

SNS invokes the function under the deployment's own permission; nothing that comes over HTTP can
take this way in, because a function URL wraps every request in its own envelope.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from functions.notifications.domain import AddressReported, Report, digest_of
from shared import strict_json
from shared.clock import Clock, Deadline
from shared.delivery import Handler, LambdaContext
from shared.envelope import Event
from shared.errors import InvalidInputError
from shared.ids import caused_event_id
from shared.ports import Telemetry

Reason = Literal["bounce", "complaint"]
_MAX_BYTES = 262_144


def is_feedback(event: Mapping[str, Any]) -> bool:
    """Whether Lambda was invoked by SNS rather than over HTTP."""
    records = event.get("Records")
    return isinstance(records, list) and all("Sns" in record for record in records)


class Reports(Protocol):
    """Handles an event once; ``shared.processing.Processor`` is one."""

    def handle(self, event: Event, *, attempt: int, deadline: Deadline) -> object:
        """Decide, commit and publish.

        Raises:
            PipelineError: not now; the report must come again.
        """
        ...


def beside(deliveries: Handler, reports: Reports, *, clock: Clock, telemetry: Telemetry) -> Handler:
    """A handler that takes SES's reports, and leaves everything else to the deliveries."""

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        if not is_feedback(event):
            return deliveries(event, context)
        telemetry.bind()
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
        try:
            count = 0
            for report in reports_in(event, clock.now()):
                reports.handle(report, attempt=1, deadline=deadline)
                telemetry.count("MailSuppressions")
                count += 1
            telemetry.info("Took mail feedback", count=count)
            return {"suppressed": count}
        finally:
            telemetry.flush()

    return handle


def reports_in(event: Mapping[str, Any], now: datetime) -> Sequence[AddressReported]:
    """Every address that bounced for good or complained, as an event: the same report, the same id.

    Raises:
        InvalidInputError: a report that cannot be read; Lambda repeats it twice, the alarm fires.
    """
    return [
        AddressReported(
            event_id=caused_event_id(digest_of(address), f"notification.feedback.{reason}", 0),
            timestamp=now,
            source="ses",
            payload=Report(address=address, reason=reason),
        )
        for record in event["Records"]
        for address, reason in addresses_in(str(record["Sns"].get("Message", "")))
    ]


def addresses_in(message: str) -> Sequence[tuple[str, Reason]]:
    """The addresses that a report says must not be mailed again, each with the reason.

    A transient bounce is SES's to retry, and no reason to give up on an address.

    Raises:
        InvalidInputError: not a report of SES.
    """
    values = strict_json.loads(message.encode("utf-8", "surrogatepass"), max_bytes=_MAX_BYTES)
    if not isinstance(values, dict):
        raise InvalidInputError("Message", "must be an SES event")
    kind = values.get("eventType") or values.get("notificationType")
    if kind == "Bounce":
        bounce = _object(values, "bounce")
        if bounce.get("bounceType") != "Permanent":
            return []
        return _recipients(bounce, "bouncedRecipients", "bounce")
    if kind == "Complaint":
        return _recipients(_object(values, "complaint"), "complainedRecipients", "complaint")
    return []


def _object(values: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = values.get(field)
    if not isinstance(found, dict):
        raise InvalidInputError(field, "must be an object")
    return found


def _recipients(values: Mapping[str, Any], field: str, reason: Reason) -> list[tuple[str, Reason]]:
    found = values.get(field)
    if not isinstance(found, list):
        raise InvalidInputError(field, "must be a list")
    return [
        (str(entry["emailAddress"]), reason)
        for entry in found
        if isinstance(entry, dict) and entry.get("emailAddress")
    ]
