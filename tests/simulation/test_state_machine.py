"""Any short story of shoppers, faults and operators keeps every promise; a long one shrinks to it."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.order_ids import order_id_for
from tests.simulation import deeds, outside, redis
from tests.simulation.actors import FUNCTIONS
from tests.simulation.dice import Fault, Script
from tests.simulation.journal import shortened
from tests.simulation.run import examine, settle
from tests.simulation.scenario import SCARCE
from tests.simulation.world import World

payments = st.sampled_from(["pay-1", "pay-2", "pay-3"])
skus = st.sampled_from(list(SCARCE))
units = st.integers(1, 4)
positions = st.integers(0, 40)
accidents = st.sampled_from(
    [
        (call, fault)
        for call, possible in (
            ("qstash POST", outside.WEB),
            ("tables.transact ledger", outside.WRITE),
            ("tables.transact", outside.WRITE),
            ("tables", outside.QUERY),
            ("mailer", outside.MAIL),
            ("redis", redis.POSSIBLE),
            ("qstash", outside.WEB),
            ("answer", (Fault.ANSWER_LOST,)),
        )
        for fault in possible
    ]
)


class ShopMachine(RuleBasedStateMachine):
    """The shop, in the hands of somebody who looks for trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.world = World(0, self.script, catalogue=SCARCE, skewed=False, mixed_versions=False)

    # ------------------------------------------------------------------ people
    @rule(payment=payments, sku=skus, count=units)
    def check_out(self, payment: str, sku: str, count: int) -> None:
        deeds.check_out(self.world, deeds.cart(self.world, payment, {sku: count}), patience=3)

    @rule(payment=payments, sku=skus, other=skus, count=units)
    def command_past_the_api(self, payment: str, sku: str, other: str, count: int) -> None:
        wanted = deeds.cart(self.world, payment, {sku: count, other: count})
        self.world.command(wanted, self.world.new_event_id("command"))

    @rule(payment=payments, sku=skus, count=units)
    def hold(self, payment: str, sku: str, count: int) -> None:
        deeds.reserve(self.world, order_id_for(payment), {sku: count})

    @rule(payment=payments, sku=skus, reason=st.sampled_from(["cancelled", "timeout"]))
    def return_parcel(self, payment: str, sku: str, reason: str) -> None:
        deeds.release(self.world, order_id_for(payment), {sku: 1}, reason)

    @rule(position=positions, kind=st.sampled_from(["confirmed", "shipped", "cancelled"]))
    def move_an_order(self, position: int, kind: str) -> None:
        orders = sorted(str(row["orderId"]) for row in self.world.tables.all("orders"))
        if orders:
            deeds.move_order(self.world, orders[position % len(orders)], kind)

    @rule(sku=skus, count=units)
    def restock(self, sku: str, count: int) -> None:
        deeds.restock(self.world, sku, count)

    @rule()
    def bounce(self) -> None:
        deeds.bounce(self.world, "user-1@example.com")

    @rule(even_if_done=st.booleans())
    def replay(self, *, even_if_done: bool) -> None:
        letters = deeds.letters_in(self.world, "open")
        deeds.replay(self.world, letters, even_if_done=even_if_done)

    @rule(position=positions)
    def retry_in_the_console(self, position: int) -> None:
        letters = deeds.letters(self.world)
        if letters:
            deeds.send_again(self.world, letters[position % len(letters)])

    @rule()
    def reconcile(self) -> None:
        self.world.reconcile()

    # ------------------------------------------------------------------ time
    @rule(seconds=st.sampled_from([0.02, 1.0, 10.0]))
    def deliver(self, seconds: float) -> None:
        self._advance(seconds)

    @rule(minutes=st.sampled_from([1, 11, 61]))
    def time_passes(self, minutes: int) -> None:
        for _ in range(min(minutes, 3)):
            self.world.reconcile()
            self._advance(minutes * 60 / min(minutes, 3))

    def _advance(self, seconds: float) -> None:
        self.world.scheduler.run(self.world.now + seconds)

    # ------------------------------------------------------------------ trouble
    @rule(accident=accidents, after=st.integers(0, 3))
    def something_will_go_wrong(self, accident: tuple[str, Fault], after: int) -> None:
        call, fault = accident
        self.script.arm(call, after, fault)

    @rule(position=positions, delay=st.sampled_from([0.0, 0.005, 40.0, 3700.0]))
    def duplicate(self, position: int, delay: float) -> None:
        messages = list(self.world.qstash.messages.values())
        if messages:
            self.world.qstash.deliver_copy(messages[position % len(messages)], delay)

    @rule()
    def flush_redis(self) -> None:
        deeds.flush(self.world)

    @rule(position=positions, lie=st.integers(0, 5))
    def poison_redis(self, position: int, lie: int) -> None:
        messages = list(self.world.qstash.messages.values())
        if messages:
            event_id = messages[position % len(messages)].about
            deeds.poison(self.world, event_id, deeds.lies(event_id)[lie])

    @rule(what=st.sampled_from([*FUNCTIONS, "redis", "qstash"]), seconds=st.sampled_from([5, 400]))
    def outage(self, what: str, seconds: int) -> None:
        deeds.outage(self.world, what, seconds)

    # ------------------------------------------------------------------ promises
    @invariant()
    def every_promise_is_kept(self) -> None:
        if self.world.records.breaches:
            raise AssertionError(self._story())

    def teardown(self) -> None:
        try:
            if not self.world.records.breaches:
                settle(self.world)
                examine(self.world)
                self.every_promise_is_kept()
        finally:
            self.world.close()

    def _story(self) -> str:
        breaches = self.world.records.breaches
        lines = [shortened(f"BREACH {breach}") for breach in breaches]
        story = self.world.journal.story(breaches[0].subjects)
        return "\n".join(["", *story, "", *lines])


TestShop = ShopMachine.TestCase
TestShop.settings = settings(
    max_examples=250,
    stateful_step_count=14,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
