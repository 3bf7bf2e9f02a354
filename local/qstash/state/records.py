"""Between the state's objects and the JSON of the journal."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

from local.qstash.model.drafts import Draft, FlowControl, Hook, Redaction
from local.qstash.model.messages import Message, Outcome, State
from local.qstash.syntax.headers import HeaderMap


@dataclass(frozen=True, slots=True)
class Progress:
    """The part of a message that changes; recorded apart, so that a retry doesn't record the body again."""

    state: State
    retried: int
    next_ms: int
    finished_ms: int

    @classmethod
    def of(cls, message: Message) -> Progress:
        """Take down how far a message has come."""
        return cls(message.state, message.retried, message.next_ms, message.finished_ms)

    def apply(self, message: Message) -> None:
        """Set a message read from the journal to where it was."""
        message.state = self.state
        message.retried = self.retried
        message.next_ms = self.next_ms
        message.finished_ms = self.finished_ms


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed for good, with the last answer of its destination."""

    id: str
    message: Message
    outcome: Outcome
    failed_ms: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One step of a message's life, as `/v2/events` lists it."""

    time_ms: int
    message_id: str
    state: State
    error: str | None = None
    next_ms: int | None = None
    status: int | None = None
    response_headers: HeaderMap | None = None
    response_base64: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request to a destination; the dev endpoints list them."""

    message_id: str
    url: str
    event_id: str | None
    event_type: str | None
    attempt: int
    copy: int
    status: int
    error: str | None
    started_ms: int
    finished_ms: int
    callback: bool


@dataclass(slots=True)
class Schedule:
    """A publish that repeats."""

    id: str
    destination: str
    cron: str
    created_ms: int
    draft: Draft
    delay_ms: int = 0
    paused: bool = False
    next_ms: int = 0
    last_ms: int = 0
    last_messages: list[str] = field(default_factory=list)


@dataclass(slots=True)
class UrlGroup:
    """A named set of endpoints; a publish to the name reaches each of them."""

    name: str
    created_ms: int
    updated_ms: int
    endpoints: list[dict[str, str]] = field(default_factory=list)


def encode_draft(draft: Draft) -> dict[str, Any]:
    """Make a draft JSON; what equals the default is left out, which keeps journal lines short."""
    record: dict[str, Any] = {
        name: value for name, value in asdict(draft).items() if value != _DRAFT_DEFAULTS[name]
    }
    if "body" in record:
        record["body"] = _base64(draft.body)
    return record


def decode_draft(record: dict[str, Any]) -> Draft:
    """Read a draft back."""
    parts = dict(record)
    if "body" in parts:
        parts["body"] = base64.b64decode(parts["body"])
    for name in ("callback", "failure_callback"):
        if name in parts:
            parts[name] = Hook(**parts[name])
    if "flow_control" in parts:
        parts["flow_control"] = FlowControl(**parts["flow_control"])
    if "redaction" in parts:
        redaction = parts["redaction"]
        parts["redaction"] = Redaction(**{**redaction, "headers": tuple(redaction["headers"])})
    parts["labels"] = tuple(parts.get("labels", ()))
    return Draft(**parts)


def encode_message(message: Message) -> dict[str, Any]:
    """Make the unchanging part of a message JSON."""
    return {
        "id": message.id,
        "sequence": message.sequence,
        "created_ms": message.created_ms,
        "next_ms": message.next_ms,
        "draft": encode_draft(message.draft),
    }


def decode_message(record: dict[str, Any]) -> Message:
    """Read a message back as it was when it was accepted."""
    return Message(**{**record, "draft": decode_draft(record["draft"])})


def encode_progress(progress: Progress) -> list[Any]:
    """Make progress JSON."""
    return [progress.state.value, progress.retried, progress.next_ms, progress.finished_ms]


def decode_progress(record: list[Any]) -> Progress:
    """Read progress back."""
    return Progress(State(record[0]), *record[1:])


def encode_dead_letter(letter: DeadLetter) -> dict[str, Any]:
    """Make a dead letter JSON; it holds its whole message, which the server may meanwhile have forgotten."""
    return {
        "id": letter.id,
        "failed_ms": letter.failed_ms,
        "message": encode_message(letter.message),
        "progress": encode_progress(Progress.of(letter.message)),
        "outcome": {**asdict(letter.outcome), "body": _base64(letter.outcome.body)},
    }


def decode_dead_letter(record: dict[str, Any]) -> DeadLetter:
    """Read a dead letter back."""
    message = decode_message(record["message"])
    decode_progress(record["progress"]).apply(message)
    outcome = record["outcome"]
    return DeadLetter(
        id=record["id"],
        message=message,
        outcome=Outcome(**{**outcome, "body": base64.b64decode(outcome["body"])}),
        failed_ms=record["failed_ms"],
    )


def encode_log_entry(entry: LogEntry) -> dict[str, Any]:
    """Make a log entry JSON."""
    return {name: value for name, value in asdict(entry).items() if value is not None}


def decode_log_entry(record: dict[str, Any]) -> LogEntry:
    """Read a log entry back; earlier journals have the answer as plain text."""
    entry = dict(record)
    text = entry.pop("response_body", None)
    if text is not None:
        entry["response_base64"] = _base64(text.encode("utf-8", "replace"))
    return LogEntry(**{**entry, "state": State(entry["state"])})


def encode_schedule(schedule: Schedule) -> dict[str, Any]:
    """Make a schedule JSON."""
    return {**_shallow(schedule), "draft": encode_draft(schedule.draft)}


def decode_schedule(record: dict[str, Any]) -> Schedule:
    """Read a schedule back."""
    return Schedule(**{**record, "draft": decode_draft(record["draft"])})


def _shallow(schedule: Schedule) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in schedule.__slots__}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


_DRAFT_DEFAULTS = asdict(Draft())
