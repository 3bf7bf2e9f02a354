"""What SES reports back about mail: bounces and complaints, through SNS.

SNS invokes the function under the deployment's own permission; nothing that comes over HTTP can
take this way in, because a function URL wraps every request in its own envelope.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.notifications.ports import SendLedger
from shared import strict_json
from shared.delivery import Handler, LambdaContext
from shared.errors import InvalidInputError
from shared.ports import Telemetry

_MAX_BYTES = 262_144


def is_feedback(event: Mapping[str, Any]) -> bool:
    """Whether Lambda was invoked by SNS rather than over HTTP."""
    records = event.get("Records")
    return isinstance(records, list) and all("Sns" in record for record in records)


def beside(deliveries: Handler, *, ledger: SendLedger, telemetry: Telemetry) -> Handler:
    """A handler that takes SES's reports, and leaves everything else to the deliveries."""

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        if is_feedback(event):
            return take(event, ledger=ledger, telemetry=telemetry)
        return deliveries(event, context)

    return handle


def take(event: Mapping[str, Any], *, ledger: SendLedger, telemetry: Telemetry) -> dict[str, Any]:
    """Suppress every address that bounced for good or complained.

    Raises:
        InvalidInputError: a report that cannot be read; Lambda repeats it twice, the alarm fires.
        ContentionError, DependencyError: not recorded; Lambda repeats the report.
    """
    count = 0
    for record in event["Records"]:
        for address, reason in addresses_in(str(record["Sns"].get("Message", ""))):
            ledger.suppress(address, reason)
            telemetry.count("MailSuppressions")
            count += 1
    telemetry.info("Took mail feedback", count=count)
    telemetry.flush()
    return {"suppressed": count}


def addresses_in(message: str) -> Sequence[tuple[str, str]]:
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


def _recipients(values: Mapping[str, Any], field: str, reason: str) -> list[tuple[str, str]]:
    found = values.get(field)
    if not isinstance(found, list):
        raise InvalidInputError(field, "must be a list")
    return [
        (str(entry["emailAddress"]), reason)
        for entry in found
        if isinstance(entry, dict) and entry.get("emailAddress")
    ]
