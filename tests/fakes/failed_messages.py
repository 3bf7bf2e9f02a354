"""QStash's dead letter queue in memory, in the shape that its API answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.kernel.errors import DependencyError


class InMemoryQueue:
    """Stands where ``QStashDeadLetterQueue`` does. Set ``down`` to be unreachable."""

    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.down = False

    def add(self, message_id: str, url: str, body: str, **changes: Any) -> str:
        """A message that QStash gave up on; the entry's id."""
        entry = f"{len(self.kept) + 1}-0"
        self.kept[entry] = {
            "dlqId": entry,
            "messageId": message_id,
            "url": url,
            "body": body,
            "responseStatus": 503,
            "responseBody": "",
            "maxRetries": 3,
            "createdAt": 1_772_366_400_000,
            **changes,
        }
        return entry

    def entries(self, most: int) -> Iterator[Mapping[str, Any]]:
        """Entries, newest first."""
        if self.down:
            raise DependencyError("QStash is down")
        yield from list(reversed(self.kept.values()))[:most]

    def remove(self, entry: str) -> None:
        """Remove one entry, or none."""
        if self.down:
            raise DependencyError("QStash is down")
        self.kept.pop(entry, None)
