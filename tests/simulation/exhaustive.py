"""Every interleaving of several deliveries of one event, on the real processor.

A state is what the services hold and how far each delivery got. The processor is not modelled:
to make a delivery take one step, its code runs again from the start, is told what its earlier calls
were answered, makes its next call against the state at hand, and is stopped at the one after. So a
delivery's position is simply the list of answers it has had.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, cast

from redis.exceptions import ConnectionError as NoRedisError

from shared.adapters import redis_claims
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import CheckoutCommand
from shared.contracts.content import digest_of
from shared.contracts.envelope import read_event
from shared.kernel.clock import Deadline
from shared.kernel.errors import BusyError, DependencyError, PipelineError, PublishError
from shared.messaging.claims import ClaimFormat
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit, Outbound
from shared.messaging.processor import Processor, route
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.writes import ConditionsFailed, FailedWrite, Update, Write
from tests.builders import body_of, checkout_command, stock
from tests.fakes.clock import ManualClock
from tests.fakes.publisher import RecordingPublisher
from tests.fakes.tables import InMemoryTables
from tests.fakes.telemetry import RecordingTelemetry

EVENT_ID = "evt-1"
KIND = "command.checkout"
UNITS = 10
FORMAT = ClaimFormat("test/commands", b"secret")
FORGED = "d:" + "0" * 32
_EVENT = read_event(body_of(checkout_command(event_id=EVENT_ID)), {KIND: CheckoutCommand})
DONE = FORMAT.done(EVENT_ID, digest_of(_EVENT))


class Services(NamedTuple):
    """What everybody sees: the record, the units sold, QStash's knowledge, the value in Redis."""

    record: str | None = None
    sold: int = 0
    told: bool = False
    redis: str | None = None


class Delivery(NamedTuple):
    """How far one delivery got: the answers of its calls so far, and its end.

    ``end`` is None while it runs, else ``success``, ``busy``, ``failed`` or ``dead``.
    """

    answers: tuple[Any, ...] = ()
    end: str | None = None
    release_lost: bool = False


class State(NamedTuple):
    """Everything."""

    services: Services
    deliveries: tuple[Delivery, ...]


class Stopped(BaseException):
    """The delivery stands before its next call."""


@dataclass
class _Stage:
    """The services while one delivery takes its step: plays back, then acts once, then stops."""

    services: Services
    answers: tuple[Any, ...]
    who: int
    fault: str
    fresh: list[Any] = field(default_factory=list)
    played: int = 0
    stopped: bool = False

    def call(self, act: Callable[[], Any], lost: Callable[[], Exception]) -> Any:
        if self.played < len(self.answers):
            self.played += 1
            return _given(self.answers[self.played - 1])
        if self.stopped or self.fresh:
            self.stopped = True
            raise Stopped
        if self.fault == "no effect":
            answer: Any = lost()
        else:
            answer = _attempt(act)
            if self.fault == "no answer":
                answer = lost()
        self.fresh.append(answer)
        return _given(answer)


def _attempt(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except ConditionsFailed as error:
        return _refused(error)


@cache
def _refusal(told: str, failures: int) -> ConditionsFailed:
    return ConditionsFailed([FailedWrite(index, _row(told or None)) for index in range(failures)])


def _refused(error: ConditionsFailed) -> ConditionsFailed:
    # Equal answers must be one object: two positions are the same if their answers are.
    first = error.failures[0].current
    return _refusal("" if first is None else str(first.get("state")), len(error.failures))


_NO_STORE = DependencyError("no answer")
_NO_QSTASH = PublishError("no answer")
_NO_REDIS = NoRedisError("no answer")


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer.with_traceback(None)
    return answer


class _Redis:
    """The client under the real claims: each script one step on the state's one value."""

    def __init__(self, stage: _Stage) -> None:
        self._stage = stage

    def register_script(self, text: str) -> Callable[..., Any]:
        steps: dict[str, Callable[..., Any]] = {
            redis_claims._CLAIM: self._claim,
            redis_claims._COMPLETE: self._complete,
            redis_claims._RELEASE: self._release,
        }

        def script(*, keys: Sequence[str], args: Sequence[Any]) -> Any:
            return self._stage.call(lambda: steps[text](*map(str, args)), lambda: _NO_REDIS)

        return script

    def _claim(self, mine: str, _lease: str) -> bytes | None:
        held = self._stage.services.redis
        if held is not None and held != mine:
            return held.encode()
        self._store(mine)
        return None

    def _complete(self, mine: str, done: str, _milliseconds: str) -> int:
        if self._stage.services.redis not in {None, mine}:
            return 0
        self._store(done)
        return 1

    def _release(self, mine: str) -> int:
        if self._stage.services.redis != mine:
            return 0
        self._store(None)
        return 1

    def _store(self, value: str | None) -> None:
        self._stage.services = self._stage.services._replace(redis=value)


class _Tables(InMemoryTables):
    """The tables as a state says they are; a commit changes the state."""

    def __init__(self, stage: _Stage) -> None:
        super().__init__()
        self._stage = stage
        self.seed("stock", stock(available=UNITS - stage.services.sold))
        row = _row(stage.services.record)
        if row is not None:
            self.seed("ledger", row)

    def transact(self, writes: Sequence[Write]) -> None:
        def act() -> None:
            InMemoryTables.transact(self, writes)
            row, shelf = self.all("ledger"), self.all("stock")[0]
            self._stage.services = self._stage.services._replace(
                record=str(row[0]["state"]) if row else None,
                sold=UNITS - int(str(shelf["available"])),
            )

        self._stage.call(act, lambda: _NO_STORE)


class _Publisher:
    def __init__(self, stage: _Stage) -> None:
        self._stage = stage

    def publish(self, messages: Sequence[Outbound]) -> None:
        def act() -> None:
            self._stage.services = self._stage.services._replace(told=True)

        self._stage.call(act, lambda: _NO_QSTASH)


def _sell(_event: CheckoutCommand) -> Effects:
    """An effect that shows when it happens twice, and one event to tell."""
    told = AuditPayload(action="sold", entity_type="order", entity_id="o-1")
    return Effects(
        outcome="sold",
        writes=[Update("stock", {"sku": "mug"}, add={"available": -1})],
        emits=[Emit(AuditRecorded, told)],
    )


@cache
def _row(record: str | None) -> Any:
    """The ledger's row in a state, as the real code writes it."""
    if record is None:
        return None
    memory, clock = InMemoryTables(), ManualClock()
    outbox = TransactionalOutbox(memory, RecordingPublisher(), clock, consumer="commands")
    kept = outbox.commit(_EVENT, Effects("sold", emits=_sell_emits()))
    if record == "done":
        outbox.publish([kept])
    return memory.all("ledger")[0]


def _sell_emits() -> Sequence[Emit]:
    return _sell(_EVENT).emits  # type: ignore[arg-type]


class Explorer:
    """Breadth first through everything that can happen.

    Args:
        processor, outbox: the classes under test.
        deliveries: how many of them there are, in any overlap.
    """

    def __init__(
        self,
        *,
        processor: type[Processor] = Processor,
        outbox: type[TransactionalOutbox] = TransactionalOutbox,
        deliveries: int = 3,
    ) -> None:
        self._processor, self._outbox, self._count = processor, outbox, deliveries
        self._steps: dict[Any, tuple[Services, Delivery]] = {}
        self.seen: dict[State, tuple[State, str] | None] = {}

    def run(self, check: Callable[[State], str | None]) -> str | None:
        """The shortest way to a state that ``check`` objects to, told line by line; else None."""
        first = State(Services(), (Delivery(),) * self._count)
        self.seen = {first: None}
        queue = deque([first])
        while queue:
            state = queue.popleft()
            objection = check(state)
            if objection is not None:
                return "\n".join([*self._way(state), f"BREACH {objection}"])
            for label, following in self._following(state):
                if following not in self.seen:
                    self.seen[following] = (state, label)
                    queue.append(following)
        return None

    def heal(self, services: Services) -> tuple[Services, Delivery]:
        """All leases lapse, and one more delivery runs undisturbed."""
        if services.redis is not None and services.redis.startswith("l:"):
            services = services._replace(redis=None)
        delivery = Delivery()
        while delivery.end is None:
            services, delivery = self.step(services, delivery, self._count, "")
        return services, delivery

    def _following(self, state: State) -> list[tuple[str, State]]:
        found = []
        for who, delivery in enumerate(state.deliveries):
            if delivery.end is not None:
                continue
            for fault in ("", "no effect", "no answer"):
                services, moved = self.step(state.services, delivery, who, fault)
                label = f"delivery {who} takes a step {fault and f'({fault})'}-> {moved.end}"
                found.append((label, _with(state, services, who, moved)))
            dead = delivery._replace(end="dead", answers=())
            found.append((f"delivery {who} dies", _with(state, state.services, who, dead)))
        held = state.services.redis
        if held is not None:
            lost = state.services._replace(redis=None)
            found.append(("Redis loses it, or the lease lapses", state._replace(services=lost)))
        if held != FORGED:
            forged = state.services._replace(redis=FORGED)
            found.append(("somebody forges a mark", state._replace(services=forged)))
        return found

    def step(
        self, services: Services, delivery: Delivery, who: int, fault: str
    ) -> tuple[Services, Delivery]:
        """One call of one delivery, and everything until its next."""
        key = (services, delivery, who, fault)
        if key not in self._steps:
            self._steps[key] = self._play(services, delivery, who, fault)
        return self._steps[key]

    def _play(
        self, services: Services, delivery: Delivery, who: int, fault: str
    ) -> tuple[Services, Delivery]:
        stage = _Stage(services, delivery.answers, who, fault)
        end: str | None
        try:
            self._subject(stage).handle(_EVENT, attempt=1, deadline=Deadline(lambda: 30.0))
            end = "success"
        except Stopped:
            end = None
        except BusyError:
            end = "busy"
        except PipelineError:
            end = "failed"
        if stage.stopped:
            end = None
        # A claim whose reply is lost can still be given back; a lost release cannot.
        late = bool(delivery.answers) and stage.fresh[:1] == [_NO_REDIS]
        lost = delivery.release_lost or late
        answers = () if end else (*delivery.answers, *stage.fresh)
        return stage.services, Delivery(answers, end, lost)

    def _subject(self, stage: _Stage) -> Processor:
        clock, client = ManualClock(), cast("Any", _Redis(stage))
        return self._processor(
            {KIND: route(CheckoutCommand, _sell)},
            claims=redis_claims.RedisClaims(
                client, FORMAT, clock, new_token=lambda: f"t{stage.who}"
            ),
            outbox=self._outbox(_Tables(stage), _Publisher(stage), clock, consumer="commands"),
            clock=clock,
            telemetry=RecordingTelemetry(),
            jitter=lambda: 0.5,
        )

    def _way(self, state: State) -> list[str]:
        lines: list[str] = []
        at: State = state
        while (came := self.seen[at]) is not None:
            lines.append(f"  {came[1]}: {at.services}")
            at = came[0]
        return lines[::-1]


def _with(state: State, services: Services, who: int, moved: Delivery) -> State:
    deliveries = (*state.deliveries[:who], moved, *state.deliveries[who + 1 :])
    return State(services, deliveries)
