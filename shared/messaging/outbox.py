"""The outbox: what is to be published, as a message that is kept until QStash took it."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.envelope import MAX_EVENT_BYTES, UNKNOWN_SOURCE, Event, WireModel
from shared.contracts.sources import source_of
from shared.contracts.topics import Topic, topic_of
from shared.contracts.trace import handed_on, trace_of
from shared.kernel.errors import InvalidInputError, PayloadTooLargeError
from shared.kernel.ids import caused_event_id, is_id
from shared.storage.writes import Item


def source_in_header(source: object) -> str:
    """Who wrote an event, as a header says it: what is no identifier does not go into one (S12)."""
    return source if is_id(source) else UNKNOWN_SOURCE


MAX_RETRIES = 5
DEFAULT_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message for QStash: an event as it will travel, and how to deliver it.

    Args:
        body: the event's JSON, kept to the byte so that a re-publish sends the same.
        delay: seconds to wait before the first delivery.
        retries: deliveries after the first one that failed.
        deduplication_id: what QStash recognises a repetition by, for ten minutes; without one the
            event id. A replay needs a new one, or QStash takes it for a repetition and
            drops it.
    """

    topic: Topic
    event_id: str
    event_type: str
    version: str
    source: str
    correlation_id: str | None
    body: str
    delay: int | None = None
    retries: int = DEFAULT_RETRIES
    deduplication_id: str | None = None

    @classmethod
    def of(
        cls,
        event: Event,
        *,
        topic: Topic | None = None,
        delay: int | None = None,
        retries: int = DEFAULT_RETRIES,
    ) -> "Outbound":
        """The message for an event, to its own topic unless another is named.

        Raises:
            InvalidInputError: delay or retries out of range.
            PayloadTooLargeError: no topic would read it.
        """
        if not 0 <= retries <= MAX_RETRIES:
            raise InvalidInputError("retries", f"must be from 0 to {MAX_RETRIES}")
        if delay is not None and delay < 0:
            raise InvalidInputError("delay", "must not be negative (seconds)")
        body = event.to_json()
        if len(body.encode("utf-8", "surrogatepass")) > MAX_EVENT_BYTES:
            raise PayloadTooLargeError(
                f"payload: {event.event_type} must be at most {MAX_EVENT_BYTES} bytes"
            )
        return cls(
            topic=topic or topic_of(event.event_type),
            event_id=event.event_id,
            event_type=event.event_type,
            version=event.version,
            source=source_in_header(event.source),
            correlation_id=event.correlation_id,
            body=body,
            delay=delay,
            retries=retries,
        )

    def to_item(self) -> Item:
        """As kept in an outbox."""
        kept: dict[str, str | int] = {
            "topic": self.topic.value,
            "eventId": self.event_id,
            "eventType": self.event_type,
            "version": self.version,
            "source": self.source,
            "body": self.body,
            "retries": self.retries,
        }
        if self.correlation_id is not None:
            kept["correlationId"] = self.correlation_id
        if self.delay is not None:
            kept["delay"] = self.delay
        return kept

    @classmethod
    def from_item(cls, item: Item) -> "Outbound":
        """As read back from an outbox."""
        correlation, delay = item.get("correlationId"), item.get("delay")
        return cls(
            topic=Topic(str(item["topic"])),
            event_id=str(item["eventId"]),
            event_type=str(item["eventType"]),
            version=str(item["version"]),
            source=str(item["source"]),
            correlation_id=None if correlation is None else str(correlation),
            body=str(item["body"]),
            delay=None if delay is None else int(str(delay)),
            retries=int(str(item["retries"])),
        )


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that handling this one causes."""

    model: type[Event]
    payload: WireModel
    delay: int | None = None
    retries: int = DEFAULT_RETRIES

    def caused_by(self, cause: Event, index: int, now: datetime) -> Outbound:
        """The message, with everything but the payload derived from its cause."""
        event_type = str(self.model.model_fields["event_type"].default)
        event = self.model(
            event_id=caused_event_id(cause.event_id, event_type, index),
            timestamp=now,
            source=source_of(event_type),
            correlation_id=cause.correlation_id or cause.event_id,
            causation_id=cause.event_id,
            trace_id=handed_on(trace_of(cause), self.payload),
            payload=self.payload,
        )
        return Outbound.of(event, delay=self.delay, retries=self.retries)
