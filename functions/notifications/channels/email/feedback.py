"""What SES reports back about mail, through SNS: the way in beside the deliveries.

SNS invokes the function under the deployment's own permission; nothing that comes over HTTP can
take this way in, because a function URL wraps every request in its own envelope. SNS calls
asynchronously: an invocation that fails is repeated twice and then gone. So only what can be
better next time may fail, and that is storing a report.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from functions.notifications.channels.email.mail import AddressReported, Report
from functions.notifications.channels.email.reports import Finding, Remark, read
from shared.contracts.envelope import Event
from shared.kernel.clock import Clock, Deadline
from shared.kernel.ids import caused_event_id
from shared.messaging.consumer import Handler, LambdaContext
from shared.messaging.refusals import without_its_text
from shared.telemetry.ports import Telemetry


def is_feedback(event: Mapping[str, Any]) -> bool:
    """Whether Lambda was invoked by SNS rather than over HTTP."""
    records = event.get("Records")
    return isinstance(records, list) and all(
        isinstance(record, Mapping) and isinstance(record.get("Sns"), Mapping) for record in records
    )


class Reports(Protocol):
    """Handles an event once; ``shared.messaging.processor.Processor`` is one."""

    def handle(self, event: Event, *, attempt: int, deadline: Deadline) -> object:
        """Decide, commit and publish.

        Raises:
            PipelineError: not now; the report must come again.
        """
        ...


def beside(deliveries: Handler, reports: Reports, *, clock: Clock, telemetry: Telemetry) -> Handler:
    """A handler that takes SES's reports, and leaves everything else to the deliveries."""

    def take(finding: Finding | Remark, deadline: Deadline) -> int:
        if isinstance(finding, Remark):
            tell = telemetry.warning if finding.attention else telemetry.info
            tell("Left a message about mail alone", reason=finding.why)
            return 0
        reports.handle(_event(finding, clock), attempt=1, deadline=deadline)
        telemetry.count("MailSuppressions")
        return 1

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        if not is_feedback(event):
            return deliveries(event, context)
        telemetry.bind()
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
        try:
            with without_its_text(telemetry):
                count = sum(
                    take(found, deadline)
                    for record in event["Records"]
                    for found in read(record["Sns"].get("Message"))
                )
            telemetry.info("Took mail feedback", count=count)
            return {"suppressed": count}
        finally:
            telemetry.flush()

    return handle


def _event(finding: Finding, clock: Clock) -> AddressReported:
    """The same report of the same address is the same event, and a later report is another."""
    kind = f"notification.feedback.{finding.reason}.{finding.digest}"
    return AddressReported(
        event_id=caused_event_id(finding.report_id, kind, 0),
        timestamp=clock.now(),
        source="ses",
        payload=Report(address=finding.address, reason=finding.reason),
    )
