"""Once per event: claim, decide, commit, publish, finish, complete.

The order is the promise. ``shared.messaging.transactional_outbox`` commits, publishes and finishes;
the claim in Redis is around it, so that a duplicate costs one call. A crash at any point leaves
something that the next delivery (or the reconciler) carries on from, and nothing that it would do
twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.contracts.content import digest_of
from shared.contracts.envelope import Event
from shared.kernel.clock import Clock, Deadline
from shared.kernel.errors import (
    BusyError,
    PermanentError,
    PredecessorMissingError,
    UnknownEventTypeError,
)
from shared.messaging.claims import Claims, ClaimState
from shared.messaging.contention import Backoff
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Outbound
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.telemetry.measurement import Measure
from shared.telemetry.ports import Telemetry

E = TypeVar("E", bound=Event)
UseCase = Callable[[E], Effects]

# Seconds of an invocation that are kept for answering, and for the publish after a commit.
ANSWER_RESERVE = 1.0
PUBLISH_RESERVE = 14.0
_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.8


@dataclass(frozen=True, slots=True)
class Route(Generic[E]):
    """Which model an event type has, and which use case decides about it."""

    model: type[E]
    decide: UseCase[E]


Routes = Mapping[str, Route[Event]]


def route(model: type[E], decide: UseCase[E]) -> Route[Event]:
    """A table entry. The spine hands a use case only events of the model beside it."""
    return Route(model, decide)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a delivery."""

    duplicate: bool
    outcome: str
    published: int


class Processor:
    """Carries one consumer's events through, whatever happens in between.

    Args:
        jitter: a number from 0 to 1, fresh each time, to spread retries of contending writers.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        claims: Claims,
        outbox: TransactionalOutbox,
        clock: Clock,
        telemetry: Telemetry,
        jitter: Callable[[], float],
    ) -> None:
        self._routes = routes
        self._claims, self._outbox = claims, outbox
        self._clock, self._telemetry, self._jitter = clock, telemetry, jitter

    def handle(self, event: Event, *, attempt: int, deadline: Deadline) -> Handled:
        """Handle one event.

        Raises:
            BusyError: another run holds it and is undecided.
            EventIdReusedError: its id belongs to another event (I29).
            PipelineError: it cannot be handled, now or ever; the claim is free again.
        """
        lease = max(deadline.remaining(), ANSWER_RESERVE)
        content = digest_of(event)
        claim = self._claims.claim(event.event_id, lease_seconds=lease, content=content)
        if claim.state is ClaimState.DONE:
            return Handled(duplicate=True, outcome="already_done", published=0)
        if claim.state is ClaimState.BUSY:
            raise BusyError("another run holds this event", retry_after=claim.retry_after)
        finished = False
        try:
            handled = self._run(event, attempt, deadline)
            finished = True
        finally:
            # The next delivery must not wait for a lease under which no run works (I10).
            if not finished and claim.token:
                self._claims.release(event.event_id, claim.token)
        if claim.token:
            self._claims.complete(event.event_id, claim.token, content=content)
        return handled

    def _run(self, event: Event, attempt: int, deadline: Deadline) -> Handled:
        try:
            record, duplicate = self._decide_and_commit(event, attempt, deadline), False
        except AlreadyRecordedError as known:
            record, duplicate = known.record, True
        published = self._outbox.publish(
            [record], published=self._log_published, wait=self._backoff(deadline, ANSWER_RESERVE)
        )
        return Handled(duplicate=duplicate, outcome=record.outcome, published=published)

    def _decide_and_commit(self, event: Event, attempt: int, deadline: Deadline) -> Record:
        entry = self._routes.get(event.event_type)
        if entry is None:
            raise UnknownEventTypeError(f"eventType: {event.event_type} is not handled here")
        record, effects = self._outbox.decide_and_commit(
            event,
            lambda: self._decided(entry, event),
            attempt=attempt,
            wait=self._backoff(deadline, PUBLISH_RESERVE),
        )
        message = effects.message or f"Committed {event.event_type}"
        self._telemetry.info(message, outcome=effects.outcome, **effects.facts)
        self._measure(effects)
        return record

    def _decided(self, entry: Route[Event], event: Event) -> Effects:
        try:
            return entry.decide(event)
        except (PermanentError, PredecessorMissingError):
            # A repetition meets a world in which the event already happened, and may look
            # impossible there, or too early: what was recorded of it counts.
            self._outbox.recall(event)
            raise

    def _measure(self, effects: Effects) -> None:
        for measure in effects.measures:
            self._telemetry.measure(measure)
        now = self._clock.now()
        for duration in effects.durations:
            took = duration.milliseconds(now)
            if took < 0:
                # Two machines' clocks: a time below zero would pull every percentile down.
                self._telemetry.count("ClockSkews")
            self._telemetry.measure(Measure(duration.name, max(took, 0), unit="Milliseconds"))

    def _backoff(self, deadline: Deadline, reserve: float) -> Backoff:
        """Waits for other writers while more than the reserve is left of the invocation."""
        return Backoff(
            self._clock,
            self._jitter,
            first=_FIRST_WAIT,
            longest=_LONGEST_WAIT,
            time_left=lambda: deadline.remaining() - reserve,
        )

    def _log_published(self, message: Outbound) -> None:
        self._telemetry.info(
            f"Published {message.event_type}",
            published_event_id=message.event_id,
            topic=message.topic.value,
        )
