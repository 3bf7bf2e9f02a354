"""What a publisher asks for, fully parsed: everything about a message that never changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.qstash.syntax.durations import MINUTE_MS, SECOND_MS
from local.qstash.syntax.headers import HeaderMap

DEFAULT_RETRIES = 3
DEFAULT_TIMEOUT_MS = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Hook:
    """A callback: where a report of an attempt or of the final failure goes, and how."""

    url: str
    method: str = "POST"
    headers: HeaderMap = field(default_factory=dict)
    retries: int | None = None
    retry_delay: str | None = None
    timeout_ms: int | None = None
    options: HeaderMap = field(default_factory=dict)  # as published, for the API's callbackHeader


@dataclass(frozen=True, slots=True)
class FlowControl:
    """Limits shared by all messages of a key."""

    key: str
    parallelism: int | None = None
    rate: int | None = None
    period_ms: int = SECOND_MS


@dataclass(frozen=True, slots=True)
class Redaction:
    """What the API shows as a hash; deliveries always carry the original."""

    body: bool = False
    all_headers: bool = False
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One delivery to make: where, what, and the rules of trying."""

    url: str = ""
    method: str = "POST"
    body: bytes = b""
    headers: HeaderMap = field(default_factory=dict)
    max_retries: int = DEFAULT_RETRIES
    retry_delay: str | None = None
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    not_before_ms: int = 0
    callback: Hook | None = None
    failure_callback: Hook | None = None
    labels: tuple[str, ...] = ()
    redaction: Redaction = field(default_factory=Redaction)
    flow_control: FlowControl | None = None
    queue: str | None = None
    topic: str | None = None
    endpoint: str | None = None
    schedule_id: str | None = None
    caller_ip: str = ""
    # Set on callbacks only: the message reported on, and the queue that waits for this report.
    source_id: str | None = None
    held_queue: str | None = None
