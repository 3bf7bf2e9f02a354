"""What is measured, remembered, and what went wrong."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shared.contracts.envelope import Event, JsonObject, Line, LongLine, Moment, Prose, WireModel
from shared.kernel.ids import Id, UserId


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic wants ValueError
    return Decimal(value)


class MetricPayload(WireModel):
    """One measurement of the business."""

    metric: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,127}$")]
    value: Annotated[Decimal, BeforeValidator(_number)]
    dimensions: Annotated[dict[Line, Line], Field(max_length=8)]


class AuditPayload(WireModel):
    """An entry of the audit trail: what changed, from which state to which.

    An entry of this pipeline names in ``metadata.actor`` who did it: an operator, a customer or a program.
    """

    action: Id
    entity_type: Id
    entity_id: Id
    user_id: UserId | None = None
    previous_state: JsonObject | None = None
    new_state: JsonObject | None = None
    metadata: JsonObject | None = None


class DeadLetterPayload(WireModel):
    """An event that was given up on. ``original_event`` is its body, parsed where possible.

    From ``message_id`` on the fields are ours: QStash's names for the message, how we learned of the
    failure, when the message was published, the HTTP status of the last answer (0 for none), and
    the error code of it if it was an answer of this pipeline.
    """

    original_topic: Line
    original_event_type: LongLine
    original_event: JsonObject
    error: Prose
    failed_at: Moment
    retry_count: Annotated[int, Field(ge=0, le=1_000_000)]
    message_id: Id | None = None
    dlq_id: Id | None = None
    reported_by: Literal["callback", "pull", "event"] = "event"
    published_at: Moment | None = None
    status: Annotated[int, Field(ge=0, le=999)] | None = None
    error_code: Id | None = None


class MetricRecorded(Event):
    """``analytics.metric``."""

    event_type: Literal["analytics.metric"] = "analytics.metric"
    payload: MetricPayload


class AuditRecorded(Event):
    """``analytics.audit``."""

    event_type: Literal["analytics.audit"] = "analytics.audit"
    payload: AuditPayload


class DeadLetterReported(Event):
    """``analytics.dlq``."""

    kept_in_part = True
    event_type: Literal["analytics.dlq"] = "analytics.dlq"
    payload: DeadLetterPayload

    def said(self) -> object:
        """That this message failed. QStash's callback and its dead letter queue tell of it in
        words of their own, and both mean the same failure (I16)."""
        payload = self.payload
        if payload.reported_by == "event" or payload.message_id is None:
            return payload
        return {"failedMessage": payload.message_id}


AnalyticsEvent = MetricRecorded | AuditRecorded | DeadLetterReported
