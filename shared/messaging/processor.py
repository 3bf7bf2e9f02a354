"""Once per event: claim, decide, commit, publish, finish, complete.

The order is the promise. The commit makes the decision durable together with the events it causes;
publishing comes after it and finishing after that, so a crash at any point leaves something that
the next delivery (or the reconciler) carries on from, and nothing that it would do twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.contracts.content import digest_of
from shared.contracts.envelope import Event
from shared.kernel.clock import Clock, Deadline
from shared.kernel.errors import (
    BusyError,
    ContentionError,
    PermanentError,
    PredecessorMissingError,
    UnknownEventTypeError,
)
from shared.messaging.claims import Claims, ClaimState
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Ledger, Record, State
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.writes import ConditionsFailed
from shared.telemetry.measurement import Measure
from shared.telemetry.ports import Telemetry

E = TypeVar("E", bound=Event)
T = TypeVar("T")
UseCase = Callable[[E], Effects]

# Seconds of an invocation that are kept for answering, and for the publish after a commit.
ANSWER_RESERVE = 1.0
PUBLISH_RESERVE = 14.0
_MAX_DECISIONS = 8
_MAX_WAIT = 0.8


@dataclass(frozen=True, slots=True)
class Route(Generic[E]):
    """Which model an event type has, and who decides about it."""

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
        ledger: Ledger,
        publisher: Publisher,
        clock: Clock,
        telemetry: Telemetry,
        jitter: Callable[[], float],
    ) -> None:
        self._routes = routes
        self._claims, self._ledger, self._publisher = claims, ledger, publisher
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
            # The next delivery must not wait for a lease that nobody works under (I10).
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
        published = 0
        if record.state is State.COMMITTED:
            published = self._publish(record.outbox)
            self._patiently(lambda: self._ledger.finish(record), deadline, ANSWER_RESERVE)
        return Handled(duplicate=duplicate, outcome=record.outcome, published=published)

    def _decide_and_commit(self, event: Event, attempt: int, deadline: Deadline) -> Record:
        entry = self._routes.get(event.event_type)
        if entry is None:
            raise UnknownEventTypeError(f"eventType: {event.event_type} is not handled here")
        for _ in range(_MAX_DECISIONS):
            effects = self._decided(entry, event)
            try:
                record = self._patiently(
                    lambda: self._ledger.commit(event, effects, attempt=attempt),  # noqa: B023 - called at once
                    deadline,
                    PUBLISH_RESERVE,
                )
            except ConditionsFailed:
                continue  # the world moved between reading and writing: decide again
            message = effects.message or f"Committed {event.event_type}"
            self._telemetry.info(message, outcome=effects.outcome, **effects.facts)
            self._measure(effects)
            return record
        raise ContentionError("the decision kept being overtaken")

    def _decided(self, entry: Route[Event], event: Event) -> Effects:
        try:
            return entry.decide(event)
        except (PermanentError, PredecessorMissingError):
            # A repetition meets a world in which the event already happened, and may look
            # impossible there, or too early: what was recorded of it counts.
            self._ledger.recall(event)
            raise

    def _measure(self, effects: Effects) -> None:
        for measure in effects.measures:
            self._telemetry.measure(measure)
        now = self._clock.now()
        for lapse in effects.lapses:
            took = lapse.milliseconds(now)
            if took < 0:
                # Two machines' clocks: a time below nought would pull every percentile down.
                self._telemetry.count("ClockSkews")
            self._telemetry.measure(Measure(lapse.name, max(took, 0), unit="Milliseconds"))

    def _patiently(self, step: Callable[[], T], deadline: Deadline, reserve: float) -> T:
        wait = 0.02
        while True:
            try:
                return step()
            except ContentionError:
                pause = wait * (0.5 + self._jitter())
                if deadline.remaining() - pause < reserve:
                    raise
                self._clock.sleep(pause)
                wait = min(wait * 2, _MAX_WAIT)

    def _publish(self, outbox: Sequence[Outbound]) -> int:
        self._publisher.publish(outbox)
        for message in outbox:
            self._telemetry.info(
                f"Published {message.event_type}",
                published_event_id=message.event_id,
                topic=message.topic.value,
            )
        return len(outbox)
