"""One consumer with a use case of the test's own, over ports in memory."""

from collections.abc import Callable
from typing import Any

from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import CheckoutCommand
from shared.contracts.topics import COMMAND_CHECKOUT, Topic
from shared.kernel.settings import ConsumerSettings
from shared.messaging.claims import Claims
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Consumer
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.messaging.ports import Publisher
from shared.messaging.processor import route
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from shared.storage.ports import Tables
from shared.storage.writes import Put
from tests.builders import Context, body_of, checkout_command, request
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import ManualClock
from tests.fakes.publisher import RecordingPublisher
from tests.fakes.tables import InMemoryTables
from tests.fakes.telemetry import RecordingTelemetry
from tests.pipeline import environment, no_parameters
from tests.signing import CURRENT_KEY, NEXT_KEY, sign

URL = "https://commands.example.com/"
LEDGER_KEY = {"id": "commands#evt-1"}


def told(*actions: str) -> list[Emit]:
    """One audit event per action."""
    return [
        Emit(AuditRecorded, AuditPayload(action=action, entity_type="order", entity_id="o-1"))
        for action in actions
    ]


def place(event: CheckoutCommand) -> Effects:
    """The simplest real decision: one row, two events."""
    return Effects(
        outcome="created",
        writes=[Put("orders", {"orderId": "o-1"})],
        emits=told("first", "second"),
    )


class Bench:
    """A consumer of ``command.checkout``; ``decide`` may be replaced between deliveries."""

    def __init__(self, decide: Callable[[CheckoutCommand], Effects] = place) -> None:
        self.clock = ManualClock()
        self.memory = InMemoryTables()
        self.redis = InMemoryClaims(self.clock)
        self.outbox = RecordingPublisher()
        self.telemetry = RecordingTelemetry()
        self.tables: Tables = self.memory
        self.claims: Claims = self.redis
        self.publisher: Publisher = self.outbox
        self.jitter: Callable[[], float] = lambda: 0.5
        self.decisions = 0
        self.decide = decide
        keys = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
        self._verify = Verifier(RotatingKeys(lambda: keys, self.clock), self.clock)

    def consumer(self) -> Consumer:
        """Built afresh, as a cold start does."""

        def decide(event: CheckoutCommand) -> Effects:
            self.decisions += 1
            return self.decide(event)

        ports = Ports(
            tables=self.tables,
            claims=self.claims,
            publisher=self.publisher,
            verify=self._verify,
            clock=self.clock,
            telemetry=self.telemetry,
            jitter=self.jitter,
        )
        settings = ConsumerSettings.load(
            {n: v for n, v in environment().items() if n.lower() in ConsumerSettings.model_fields},
            no_parameters,
        )
        routes = {COMMAND_CHECKOUT: route(CheckoutCommand, decide)}
        return consumer(Topic.COMMANDS, settings, ports, routes)

    def call(
        self,
        event: dict[str, Any] | bytes | None = None,
        *,
        message_id: str | None = "msg_1",
        retried: int = 0,
        token: str | None = None,
    ) -> dict[str, Any]:
        """A delivery as Lambda presents it, signed unless another token is given."""
        body = event if isinstance(event, bytes) else body_of(event or checkout_command())
        signed = sign(URL, body, self.clock.now().timestamp()) if token is None else token
        headers = {"upstash-signature": signed, "upstash-retried": str(retried)}
        if message_id is not None:
            headers["upstash-message-id"] = message_id
        return request(body, headers=headers)

    def deliver(
        self,
        event: dict[str, Any] | bytes | None = None,
        *,
        seconds: float = 30,
        **options: Any,
    ) -> dict[str, Any]:
        """One delivery to a function with so many seconds left, and its answer."""
        context = Countdown(self.clock, seconds)
        return self.consumer()(self.call(event, **options), context)

    def record(self) -> dict[str, Any] | None:
        """The ledger's record of the event."""
        item = self.memory.get("ledger", LEDGER_KEY)
        return None if item is None else dict(item)


class Countdown(Context):
    """Lambda's context on the test's clock."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__()
        self._clock, self._end = clock, clock.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - self._clock.monotonic()) * 1000)
