"""What the headers of a delivery say. Informative only: nothing is decided from them."""

import re
from dataclasses import dataclass

from shared.messaging.http import HttpRequest

_COUNT = re.compile("[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class EventMetadata:
    """The headers that travel with an event (`docs/events.md`) and what QStash adds. None where absent.

    Args:
        retry_count: deliveries of this message before this one; 0 when not said.
    """

    event_type: str | None
    event_id: str | None
    correlation_id: str | None
    version: str | None
    source: str | None
    retry_count: int
    message_id: str | None


def get_event_metadata(request: HttpRequest) -> EventMetadata:
    """The metadata of a delivery."""
    headers = request.headers
    retried = headers.get("upstash-retried", "")
    return EventMetadata(
        event_type=headers.get("x-event-type"),
        event_id=headers.get("x-event-id"),
        correlation_id=headers.get("x-correlation-id"),
        version=headers.get("x-event-version"),
        source=headers.get("x-event-source"),
        retry_count=int(retried) if _COUNT.fullmatch(retried) else 0,
        message_id=headers.get("upstash-message-id"),
    )
