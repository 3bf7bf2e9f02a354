"""Deduplication: the same id, or the same content, within ten minutes is the same message."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from local.qstash.syntax.durations import MINUTE_MS
from local.qstash.syntax.headers import HeaderMap

WINDOW_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Sighting:
    """The message that first used a deduplication key, and when."""

    message_id: str
    seen_ms: int

    def covers(self, now_ms: int) -> bool:
        """Whether a publish at this moment still counts as a repetition."""
        return now_ms - self.seen_ms < WINDOW_MS


def explicit_key(deduplication_id: str) -> str:
    """Name the key of an id the publisher chose; ids are shared by all destinations."""
    return f"id:{deduplication_id}"


def content_key(destination: str, body: bytes, headers: HeaderMap) -> str:
    """Hash what counts as content: destination, body, Content-Type and forwarded headers.

    Each part is preceded by its length, so that no two different messages run together into one text.
    """
    digest = hashlib.sha256()
    parts = [destination.encode(), body]
    for name in sorted(headers):
        parts += [name.encode(), *(value.encode() for value in headers[name])]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f"content:{digest.hexdigest()}"
