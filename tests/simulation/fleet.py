"""Lambda in memory: instances of the real functions, started, reused, crashed and left behind."""

import random
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from functions.analytics.settings import AnalyticsSettings
from functions.analytics.wiring import build as build_analytics
from functions.checkout.settings import CheckoutSettings
from functions.checkout.wiring import build as build_checkout
from functions.commands.settings import CommandsSettings
from functions.commands.wiring import build as build_commands
from functions.inventory.settings import InventorySettings
from functions.inventory.wiring import build as build_inventory
from functions.notifications import wiring as notifications
from functions.notifications.channels.email import compose
from functions.notifications.channels.email.rendering import JinjaRenderer
from functions.notifications.channels.registry import Senders
from functions.notifications.settings import NotificationsSettings
from functions.orders.settings import OrdersSettings
from functions.orders.wiring import build as build_orders
from functions.reconciler.dead_letter_store import DueDeadLetterTables
from functions.reconciler.failed_messages import QStashFailedMessages
from functions.reconciler.service import Reconciler, answer
from functions.reconciler.settings import ReconcilerSettings
from functions.reconciler.store import (
    PendingCheckoutTables,
    ReservationTables,
    UnconfirmedOrderTables,
)
from shared.adapters.qstash_dlq import QStashDeadLetterQueue
from shared.adapters.qstash_publisher import PublisherOptions, QStashPublisher
from shared.adapters.redis_claims import RedisClaims
from shared.contracts.channels import EMAIL, PUSH, SMS
from shared.kernel.errors import PipelineError
from shared.kernel.settings import Settings
from shared.messaging.claims import Claim, ClaimFormat
from shared.messaging.compose import Ports
from shared.messaging.ports import CorePorts
from shared.messaging.signature import RotatingKeys, Verifier
from tests.fakes.messages import InMemoryPushSender, InMemorySmsSender
from tests.pipeline import environment, no_parameters
from tests.signing import CHECKOUT_KEY
from tests.simulation.invocation import TIME_LIMIT, Invocation, Response
from tests.simulation.operators import Operators
from tests.simulation.outside import (
    GuardedMailer,
    GuardedTables,
    InstanceClock,
    InstanceTelemetry,
    WebPool,
)
from tests.simulation.redis import RedisClient
from tests.simulation.scheduler import Killed, Task

if TYPE_CHECKING:
    from tests.simulation.world import World

# Marks an answer that the function had no part in.
PLATFORM = "x-simulated-platform"
_PLATFORM_SAYS = {
    404: "null",
    429: '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}',
    500: '{"success":false,"error":{"code":"internal_error","message":"internal error"}}',
    502: "Internal Server Error",
}
S = TypeVar("S", bound=Settings)
OnAnswer = Callable[[Response | None], None]
Handler = Callable[[Mapping[str, Any], Any], Response]
_BUILDERS: dict[str, tuple[type[Settings], Callable[..., Handler]]] = {
    "commands": (CommandsSettings, build_commands),
    "orders": (OrdersSettings, build_orders),
    "inventory": (InventorySettings, build_inventory),
    "notifications": (NotificationsSettings, notifications.build),
    "analytics": (AnalyticsSettings, build_analytics),
    "checkout": (
        CheckoutSettings,
        lambda known, ports: build_checkout(known, ports, lambda: known),
    ),
}


@cache
def settings_of(cls: type[S], *, signed: bool = False) -> S:
    """A function's settings, from the environment that all tests share."""
    environ = environment() | {"STOREFRONT_AUTH": "jwt"}
    if signed and "checkout_trust" in cls.model_fields:
        environ |= {"CHECKOUT_TRUST": "signed", "CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY}
    return cls.load(environ, no_parameters)


class Instance:
    """One execution environment of a function.

    The handler is built once and its ports look through to the state of the process behind them,
    which ``restart`` makes anew: its clock's error, its breaker, its signing keys, its version.
    """

    def __init__(self, world: "World", function: str, number: int) -> None:
        self.world, self.function = world, function
        self.name = f"{function}#{number}"
        self.skew = 0.0
        self.newer = False
        self.run: Invocation | None = None
        self.clock, self.telemetry = InstanceClock(self), InstanceTelemetry(self)
        self._rng = random.Random(f"{world.seed} {self.name}")
        self._pool: Any = WebPool(self)
        self._tokens = 0
        self.restart()
        self.handler: Handler = _handler(self)

    def restart(self) -> None:
        """A new process: nothing of the old one's memory is left."""
        world = self.world
        self.run = None
        # QStash's tokens bear ten seconds either way; a machine that is further off is broken.
        self.skew = self._rng.uniform(-4.5, 4.5) if world.skewed else 0.0
        # Only who writes events writes newer ones; the others pass on what they find.
        writes = self.function not in {"reconciler", "operator"}
        self.newer = world.mixed_versions and writes and self._rng.random() < 0.5
        options = settings_of(CommandsSettings)
        self.publisher = QStashPublisher(
            self._pool,
            PublisherOptions(
                url=options.qstash_url,
                token="t",
                destinations=options.destinations(),
                failure_callback=options.failure_callback(),
                label="order-pipeline-simulation",
            ),
            self.clock,
            jitter=self._rng.random,
        )
        client: Any = RedisClient(self, world.redis)
        self.claims = RedisClaims(
            client,
            ClaimFormat(f"simulation/{self.function}", b"secret"),
            self.clock,
            new_token=self._new_token,
        )
        self.verifier = Verifier(RotatingKeys(world.signing_keys, self.clock), self.clock)

    def _new_token(self) -> str:
        self._tokens += 1
        return f"{self.name}-{self._tokens}"

    def jitter(self) -> float:
        """For the product's own waits."""
        return self._rng.random()

    def running(self) -> Invocation:
        """The invocation that this instance works on."""
        if self.run is None:
            raise AssertionError(f"{self.name} calls out without an invocation")
        return self.run

    # ------------------------------------------------------------------ ports that look through
    def publish(self, messages: Any) -> None:
        self.publisher.publish(messages)

    def verify(self, token: str | None, body: bytes, urls: Collection[str]) -> None:
        self.verifier(token, body, urls)

    def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Claim:
        return self.claims.claim(event_id, lease_seconds=lease_seconds, content=content)

    def complete(self, event_id: str, token: str, *, content: str = "") -> None:
        self.claims.complete(event_id, token, content=content)

    def release(self, event_id: str, token: str) -> None:
        self.claims.release(event_id, token)


def _handler(instance: Instance) -> Handler:
    core = CorePorts(GuardedTables(instance), instance, instance.clock, instance.telemetry)
    if instance.function == "operator":
        return Operators(core, instance.jitter)
    if instance.function == "reconciler":
        return _reconciler(core, WebPool(instance), instance.world.stage.lapses_after)
    settings_class, build = _BUILDERS[instance.function]
    settings = settings_of(settings_class, signed=instance.world.stage.signed)
    if instance.function == "checkout":
        return build(settings, core)
    ports = Ports(
        tables=core.tables,
        claims=instance,
        publisher=instance,
        verify=instance.verify,
        clock=instance.clock,
        telemetry=instance.telemetry,
        jitter=instance.jitter,
    )
    if instance.function != "notifications":
        return build(settings, ports)
    senders: Senders = {
        EMAIL: GuardedMailer(instance),
        SMS: InMemorySmsSender(),
        PUSH: InMemoryPushSender(),
    }
    # Compiling the templates costs more than all else about an instance; they never change.
    with patch.object(compose, "JinjaRenderer", _renderer):
        return build(settings, ports, senders)


_renderer = cache(JinjaRenderer)


def _reconciler(ports: CorePorts, pool: Any, lapses_after: int | None) -> Handler:
    # As its own `build` does, whose QStash client is the process's own connection pool.
    settings = settings_of(ReconcilerSettings)
    failed = QStashFailedMessages(
        QStashDeadLetterQueue(pool, settings.qstash_url, "t"),
        addresses=settings.all_addresses(),
        callbacks=settings.addresses("analytics", "failures"),
        now=ports.clock.now,
    )
    reconciler = Reconciler(
        checkouts=PendingCheckoutTables(ports.tables),
        failed=failed,
        reservations=ReservationTables(ports.tables),
        orders=UnconfirmedOrderTables(ports.tables),
        dead_letters=DueDeadLetterTables(ports.tables, ports.publisher, ports.clock),
        ports=ports,
        unconfirmed_order_seconds=lapses_after,
    )
    return partial(answer, reconciler, telemetry=ports.telemetry)


class _Context:
    def __init__(self, run: Invocation) -> None:
        self._run = run

    def get_remaining_time_in_millis(self) -> int:
        return int((self._run.deadline - self._run.world.now) * 1000)


class Fleet:
    """All instances of all functions."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._idle: dict[str, list[Instance]] = {}
        self._made: dict[str, int] = {}
        self.outages: dict[str, float] = {}
        self.blockages: dict[str, tuple[float, int]] = {}

    def invoke(
        self,
        function: str,
        event: Mapping[str, Any],
        *,
        on_answer: OnAnswer = lambda _answer: None,
        subject: str | None = None,
    ) -> None:
        """Run a function; whoever called hears the answer, or None where there is none."""
        world = self._world
        if self.outages.get(function, 0.0) > world.now and not world.dice.calm:
            world.scheduler.after(0.1, lambda: on_answer(None))
            return
        until, status = self.blockages.get(function, (0.0, 0))
        if until > world.now and not world.dice.calm:
            # The platform's own words, or those of a release that fails at its first line.
            headers = {PLATFORM: "yes"}
            answer = {"statusCode": status, "headers": headers, "body": _PLATFORM_SAYS[status]}
            world.scheduler.after(0.05, lambda: on_answer(answer))
            return
        instance = self._take(function)

        def body(task: Task) -> None:
            _Run(instance, task, on_answer, subject, self._idle[function]).go(event)

        world.scheduler.spawn(body)

    def _take(self, function: str) -> Instance:
        idle = self._idle.setdefault(function, [])
        if idle:
            return idle.pop()
        self._made[function] = self._made.get(function, 0) + 1
        return Instance(self._world, function, self._made[function])


class _Run:
    """An invocation from its start until its answer, or until nobody waits for one any more."""

    def __init__(
        self,
        instance: Instance,
        task: Task,
        on_answer: OnAnswer,
        subject: str | None,
        idle: list[Instance],
    ) -> None:
        self._instance, self._world, self._task = instance, instance.world, task
        self._on_answer, self._idle = on_answer, idle
        self._run = Invocation(self._world, instance.name, task, subject)
        self._answered = False

    def go(self, event: Mapping[str, Any]) -> None:
        run, world = self._run, self._world
        world.scheduler.after(TIME_LIMIT, self._time_is_up)
        self._instance.run = run
        response: Response | None = None
        try:
            run.task.wait(world.dice.latency())
            response = self._instance.handler(event, _Context(run))
        except Killed:
            world.tally.add("crashes")
        except PipelineError as error:
            run.note(f"fails: {error}")
        except Exception as error:  # noqa: BLE001 - what Lambda would report as unhandled
            world.records.surprise(run, error)
        run.done = True
        if task_died := run.task.killed:
            self._instance.restart()
        world.records.ended(self._instance, run, None if task_died else response)
        self._idle.append(self._instance)
        self._answer(response)

    def _time_is_up(self) -> None:
        if self._run.done:
            return
        self._run.note("has no time left")
        self._answer(None)
        if not self._run.zombie:
            self._task.kill()

    def _answer(self, response: Response | None) -> None:
        if not self._answered:
            self._answered = True
            self._instance.world.scheduler.after(0.0, lambda: self._on_answer(response))
