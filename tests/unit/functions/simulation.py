"""One shopper, one checkout, QStash by hand, and ports that fail where a plan says so.

A failed delivery is repeated as QStash would, with time passing; the shopper repeats the request
until an order id comes back. Everything is deterministic: a plan that fails a test fails it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.builders import checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults, Killed, Moment

ORDER_ID = order_id_for("pay-1")
MOST_ATTEMPTS = 12
Plan = dict[tuple[int, Moment], Callable[[], BaseException]]


@dataclass
class Simulation:
    """A run of the flow under a plan of faults."""

    plan: Plan = field(default_factory=dict)
    available: int = 10
    shop: Pipeline = field(default_factory=Pipeline)

    def __post_init__(self) -> None:
        shop = self.shop
        self.faults = Faults(self.plan)
        # The shelf falls to its threshold, so that the alert and its mail are part of the flow.
        shop.memory.seed("stock", stock(available=self.available, threshold=8))
        shop.tables = self.faults.wrap("tables", shop.memory)
        shop.claims = self.faults.wrap("claims", shop.redis)
        shop.publisher = self.faults.wrap("publisher", shop.outbox)
        self.mailbox = shop.mailer
        shop.mailer = self.faults.wrap("mailer", shop.mailer)
        self.answers: list[int] = []

    def run(self) -> "Simulation":
        """From the shopper's first request until every queue is empty."""
        for _ in range(MOST_ATTEMPTS):
            self._until(lambda: self.shop.checkout(self.cart()), 202)
            self.drain()
            if self.order() is not None or self.checkout_row().get("status") == "rejected":
                return self
        raise AssertionError("the checkout was never decided")

    @staticmethod
    def cart() -> dict[str, Any]:
        return checkout_payload(items=[line(quantity=2)])

    def drain(self) -> None:
        """Deliver everything published, each until it is handled."""
        messages, done = self.shop.outbox.messages, 0
        while done < len(messages):
            message = messages[done]
            self._until(lambda message=message: self.shop.send(message), 200)  # type: ignore[misc]
            done += 1
            messages = self.shop.outbox.messages

    def _until(self, call: Callable[[], dict[str, Any]], status: int) -> None:
        for _ in range(MOST_ATTEMPTS):
            self.faults.revive()
            pause = 40.0  # a killed run: QStash waits for its own timeout, the lease lapses
            try:
                response = call()
            except Killed:
                self.answers.append(0)
            else:
                self.answers.append(response["statusCode"])
                if response["statusCode"] == status:
                    return
                pause = float(response["headers"].get("retry-after", 1))
            self.shop.clock.advance(pause)
        raise AssertionError(f"never {status}: {self.answers[-MOST_ATTEMPTS:]}")

    # ------------------------------------------------------------------ what is to be seen
    def order(self) -> Any:
        return self.shop.memory.get("orders", {"orderId": ORDER_ID})

    def checkout_row(self) -> dict[str, Any]:
        return dict(self.shop.memory.get("checkouts", {"orderId": ORDER_ID}) or {})

    def on_shelf(self) -> object:
        return (self.shop.memory.get("stock", {"sku": "mug"}) or {})["available"]

    def published(self) -> set[str]:
        return set(self.shop.outbox.ids())

    def mails_to(self, address: str) -> int:
        return sum(mail.to == address for mail in self.mailbox.sent)

    def send_states(self) -> dict[str, str]:
        """Recipient to state, of every mail that was ever begun."""
        rows = self.shop.memory.all("notifications")
        return {str(row["to"]): str(row["state"]) for row in rows if "event" in row}


def outcome_is_that_of_an_undisturbed_run(simulation: Simulation, undisturbed: Simulation) -> None:
    """The invariants that no fault may break (I1-I3, I5-I8, I10, I12)."""
    memory = simulation.shop.memory
    assert [row["orderId"] for row in memory.all("orders")] == [ORDER_ID]
    assert simulation.on_shelf() == simulation.available - 2
    assert simulation.checkout_row()["status"] == "confirmed"
    assert "pendingShard" not in simulation.checkout_row()
    assert simulation.published() == undisturbed.published()
    for table in ("orders", "movements", "audit", "ledger", "notifications", "checkouts"):
        assert len(memory.all(table)) == len(undisturbed.shop.memory.all(table)), table
    for record in memory.all("ledger"):
        assert record["state"] == "done"
        assert "pendingShard" not in record
    for address, state in simulation.send_states().items():
        if state == "sent":
            assert simulation.mails_to(address) == 1
        else:
            assert state == "unknown"
            assert simulation.mails_to(address) <= 1
