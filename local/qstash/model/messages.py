"""A message, the states it passes through, and the decision after each attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from local.qstash.model.backoff import Pace, retry_delay_ms
from local.qstash.model.drafts import Draft
from local.qstash.syntax.headers import HeaderMap, first


class State(StrEnum):
    """The states of the published lifecycle, spelled as the API spells them."""

    CREATED = "CREATED"
    ACTIVE = "ACTIVE"
    RETRY = "RETRY"
    ERROR = "ERROR"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    CANCELED = "CANCELED"


FINAL = frozenset({State.DELIVERED, State.FAILED, State.CANCELED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.ACTIVE, State.CANCEL_REQUESTED}),
    State.ACTIVE: frozenset({State.DELIVERED, State.ERROR, State.CANCEL_REQUESTED}),
    State.ERROR: frozenset({State.RETRY, State.FAILED}),
    State.RETRY: frozenset({State.ACTIVE, State.CANCEL_REQUESTED}),
    State.CANCEL_REQUESTED: frozenset({State.CANCELED}),
    State.DELIVERED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELED: frozenset(),
}


class IllegalTransitionError(Exception):
    """A bug in this server: the lifecycle has no such step."""


@dataclass(slots=True)
class Message:
    """A draft that was accepted, and how far it has come."""

    id: str
    sequence: int
    created_ms: int
    draft: Draft
    state: State = State.CREATED
    retried: int = 0
    next_ms: int = 0
    finished_ms: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in FINAL

    def move(self, state: State) -> None:
        """Take one step of the lifecycle."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransitionError(f"{self.id}: {self.state} -> {state}")
        self.state = state


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one attempt; without an answer the status is 0 and `error` says why."""

    status: int = 0
    headers: HeaderMap = field(default_factory=dict)
    body: bytes = b""
    error: str | None = None

    @property
    def delivered(self) -> bool:
        """Only 2xx counts; a redirect or a 404 is a failure like any other."""
        return 200 <= self.status < 300

    @property
    def final_refusal(self) -> bool:
        """Whether the destination forbids further attempts; needs the status and the header."""
        return self.status == 489 and first(self.headers, "Upstash-NonRetryable-Error") == "true"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The attempt succeeded."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Another attempt is due at this time."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """There will be no further attempt."""


Verdict = Delivered | RetryAt | Failed


def decide(message: Message, outcome: Outcome, *, now_ms: int, pace: Pace) -> Verdict:
    """Judge an attempt that has just ended."""
    if outcome.delivered:
        return Delivered()
    if outcome.final_refusal or message.retried >= message.draft.max_retries:
        return Failed()
    delay = retry_delay_ms(
        retried=message.retried,
        expression=message.draft.retry_delay,
        response_headers=outcome.headers,
        now_ms=now_ms,
        pace=pace,
    )
    return RetryAt(now_ms + delay)
