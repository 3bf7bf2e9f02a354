"""An order that nothing confirms lapses, once, and only as long as nothing confirmed it (S39)."""

import json
from collections import Counter
from typing import Any

import pytest

from functions.reconciler.service import Reconciler
from functions.reconciler.settings import ReconcilerSettings
from shared.contracts.topics import ORDER_CANCELLED
from shared.kernel.errors import ConfigurationError, PublishError
from shared.kernel.ids import lapse_event_id_for
from shared.storage.schema import PENDING_SHARDS, shard_of
from tests.builders import answer_of, checkout_command, checkout_payload, envelope, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline, no_parameters
from tests.unit.functions.orders.test_lifecycle import step
from tests.unit.functions.reconciler.test_reconciler import SURROUNDINGS, World

DAY = 86_400
ORDER_ID = order_id_for("pay-1")


class Shop(World):
    """A shop whose orders lapse after a day."""

    seconds: int | None = DAY

    def reconciler(self) -> Reconciler:
        made: Reconciler = super().reconciler()
        made._unconfirmed_order_seconds = self.seconds
        return made

    def order(self, order_id: str = ORDER_ID) -> Any:
        return self.pipeline.memory.get("orders", {"orderId": order_id})

    def units(self) -> Any:
        row: Any = self.pipeline.memory.get("stock", {"sku": "mug"})
        return row["available"]

    def emitted(self, event_type: str) -> int:
        return len(self.pipeline.outbox.of(event_type))

    def place(self, *payments: str, trust: str | None = "open") -> None:
        """Orders as the API takes them; a row from before trust was kept has none."""
        for payment in payments:
            self.pipeline.checkout(checkout_payload(paymentId=payment, items=[line()]))
        self.pipeline.drain()
        for payment in payments:
            order = {**self.order(order_id_for(payment)), "trust": trust}
            known = {name: value for name, value in order.items() if value is not None}
            self.pipeline.memory.seed("orders", known)


@pytest.fixture
def shop() -> Shop:
    """One order of one of five mugs."""
    shop = Shop()
    shop.place("pay-1")
    return shop


def told_of(shop: Shop) -> list[tuple[str, str]]:
    return [(entry["type"], entry["verdict"]) for entry in shop.order()["timeline"]]


# ------------------------------------------------------------------ when
def test_an_order_that_nothing_confirmed_for_a_day_is_cancelled_and_its_units_are_back(shop):
    assert shop.units() == 4
    shop.pipeline.clock.advance(DAY)

    assert shop.run().lapses == 1
    shop.pipeline.drain()

    order = shop.order()
    assert (order["status"], order["cancelledBy"], order["cause"]) == (
        "CANCELLED",
        "system",
        "unconfirmed",
    )
    assert order["reason"] == "nothing confirmed the order in time"
    assert shop.units() == 5
    assert told_of(shop)[-1] == (ORDER_CANCELLED, "applied")
    assert answer_of(shop.pipeline.status(ORDER_ID))["data"]["orderStatus"] == "CANCELLED"
    assert shop.run().lapses == 0


def test_an_order_does_not_lapse_a_moment_too_early(shop):
    shop.pipeline.clock.advance(DAY - 1)

    assert shop.run().lapses == 0


def test_no_order_lapses_where_the_stage_sets_no_time(shop):
    shop.seconds = None
    shop.pipeline.clock.advance(400 * DAY)

    assert (shop.run().lapses, shop.order()["status"]) == (0, "PENDING")


@pytest.mark.parametrize("seconds", ["59", "0", "-1", "31536001", "1.5", "soon"])
def test_a_time_that_makes_no_sense_stops_the_start(seconds):
    with pytest.raises(ConfigurationError, match="UNCONFIRMED_ORDER_SECONDS"):
        ReconcilerSettings.load(
            {**SURROUNDINGS, "UNCONFIRMED_ORDER_SECONDS": seconds}, no_parameters
        )


@pytest.mark.parametrize(
    ("given", "known"), [({}, None), ({"UNCONFIRMED_ORDER_SECONDS": "60"}, 60)]
)
def test_the_time_is_what_the_stage_says_and_never_without_it(given, known):
    settings = ReconcilerSettings.load({**SURROUNDINGS, **given}, no_parameters)

    assert settings.unconfirmed_order_seconds == known


# ------------------------------------------------------------------ which comes first
@pytest.mark.parametrize(
    ("before", "status"),
    [
        (["order.confirmed"], "CONFIRMED"),
        (["order.confirmed", "order.processing"], "PROCESSING"),
        (["order.confirmed", "order.shipped"], "SHIPPED"),
        (["order.confirmed", "order.shipped", "order.delivered"], "DELIVERED"),
    ],
)
def test_a_step_that_comes_first_wins_over_a_lapse_that_is_on_its_way(shop, before, status):
    shop.pipeline.clock.advance(DAY)
    shop.run()
    for event_type in before:
        shop.pipeline.deliver("orders", step(event_type, orderId=ORDER_ID))

    shop.pipeline.drain()

    assert (shop.order()["status"], shop.units()) == (status, 4)
    assert told_of(shop)[-1] == (ORDER_CANCELLED, "late")
    assert shop.emitted("order.refund.requested") == 0
    (audit,) = [
        entry
        for entry in shop.pipeline.memory.all("audit")
        if entry["action"] == "order.cancelled.late"
    ]
    assert audit["newState"]["status"] == status


def test_a_confirmation_after_the_lapse_changes_nothing_and_is_kept(shop):
    shop.pipeline.clock.advance(DAY)
    shop.run()
    shop.pipeline.drain()

    answer = shop.pipeline.deliver("orders", step("order.confirmed", orderId=ORDER_ID))

    assert (answer["statusCode"], shop.order()["status"]) == (200, "CANCELLED")
    assert told_of(shop)[-1] == ("order.confirmed", "late")


def test_an_order_that_was_confirmed_leaves_the_index_and_is_never_asked_about(shop):
    assert shop.order()["unconfirmedShard"] == shard_of(ORDER_ID)
    shop.pipeline.deliver("orders", step("order.confirmed", orderId=ORDER_ID))
    shop.pipeline.clock.advance(DAY)

    assert shop.run().lapses == 0
    assert "unconfirmedShard" not in shop.order()


def test_an_index_that_lags_cancels_nothing_that_moved_on(shop):
    shop.pipeline.memory.seed("orders", {**shop.order(), "status": "CONFIRMED"})
    shop.pipeline.clock.advance(DAY)

    assert shop.run().lapses == 0


def test_a_shopper_who_cancels_first_hears_of_one_cancellation(shop):
    shop.pipeline.clock.advance(DAY)
    shop.run()
    shop.pipeline.deliver("orders", step("order.cancelled", orderId=ORDER_ID))

    shop.pipeline.drain()

    order = shop.order()
    assert (order["cancelledBy"], order.get("cause"), shop.units()) == ("user", None, 5)
    assert told_of(shop)[-1] == (ORDER_CANCELLED, "repeated")
    assert shop.emitted("order.refund.requested") == 1


# ------------------------------------------------------------------ once
def test_every_run_asks_under_one_id_and_the_order_is_cancelled_once(shop):
    shop.pipeline.clock.advance(DAY)
    for _run in range(3):
        assert shop.run().lapses == 1
        shop.pipeline.clock.advance(60)

    shop.pipeline.drain()

    lapses = shop.pipeline.outbox.of(ORDER_CANCELLED)
    assert {message.event_id for message in lapses} == {lapse_event_id_for(ORDER_ID)}
    assert shop.units() == 5
    assert told_of(shop).count((ORDER_CANCELLED, "applied")) == 1
    mails = [
        m for m in shop.pipeline.mailer.sent if m.subject.startswith("Your order is cancelled")
    ]
    assert len(mails) == 1
    assert Counter(e["action"] for e in shop.pipeline.memory.all("audit"))["order.cancelled"] == 1


def test_what_qstash_did_not_take_is_sent_by_the_next_run(shop):
    shop.pipeline.clock.advance(DAY)
    shop.pipeline.outbox.failing = True
    first = shop.run()
    shop.pipeline.outbox.failing = False

    assert (first.lapses, first.failures) == (0, 1)
    assert shop.run().lapses == 1


# ------------------------------------------------------------------ many, and odd ones
def test_more_than_the_time_allows_are_left_to_the_next_run_and_all_of_them_lapse(monkeypatch):
    shop = Shop()
    shop.pipeline.memory.seed("stock", stock(available=100, threshold=0))
    shop.place(*(f"pay-{number}" for number in range(60)))
    shop.pipeline.clock.advance(DAY)
    publish = shop.pipeline.outbox.publish

    def slowly(messages: Any) -> None:
        shop.pipeline.clock.advance(1)
        publish(messages)

    monkeypatch.setattr(shop.pipeline.outbox, "publish", slowly)
    runs: list[int] = []
    while not runs or runs[-1]:
        report = shop.run(seconds=25)
        runs.append(report.lapses)
        assert report.left == (report.lapses == 21)
        shop.pipeline.drain()

    assert runs == [21, 21, 18, 0]
    assert {row["status"] for row in shop.pipeline.memory.all("orders")} == {"CANCELLED"}
    assert shop.units() == 100


def test_work_that_others_wait_for_is_done_before_any_lapse(shop):
    shop.pipeline.outbox.failing = True
    shop.pipeline.deliver("commands", checkout_command(eventId="evt-2", paymentId="pay-2"))
    shop.pipeline.outbox.failing = False
    shop.pipeline.clock.advance(DAY)
    shop.pipeline.outbox.batches.clear()

    shop.run()

    types = [message.event_type for message in shop.pipeline.outbox.messages]
    assert ORDER_CANCELLED not in types[:-2]
    assert types[-2:] == [ORDER_CANCELLED, ORDER_CANCELLED]
    assert "order.created" in types


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize(
    "odd",
    [
        {"items": "text"},
        {"items": None},
        {"totalAmount": "much"},
        {"status": None},
        {"customerEmail": "no address"},
    ],
)
def test_an_odd_order_stops_no_other(shop, place, odd):
    row = shop.order()
    shop.pipeline.memory._rows["orders"].clear()
    for number in range(3):
        kept = {
            **row,
            "orderId": f"row-{number}",
            "createdAt": f"2026-03-01T12:00:0{number}.000Z",
            **(odd if number == place else {}),
        }
        shop.pipeline.memory.seed("orders", {k: v for k, v in kept.items() if v is not None})
    shop.pipeline.clock.advance(DAY + 60)

    report = shop.run()

    assert (report.lapses, report.failures) == (2, 1)
    said = str([fields for _, fields in shop.pipeline.telemetry.lines])
    assert f"row-{place}" in said
    assert "no address" not in said


def test_every_shard_is_looked_at():
    shop = Shop()
    shop.pipeline.memory.seed("stock", stock(available=100, threshold=0))
    payments = [f"pay-{number}" for number in range(60)]
    shop.place(*payments)
    assert len({shard_of(order_id_for(payment)) for payment in payments}) == PENDING_SHARDS
    shop.pipeline.clock.advance(DAY)

    assert shop.run().lapses == 60


# ------------------------------------------------------------------ rows from before
def old_row(shop: Shop) -> None:
    row = dict(shop.order())
    del row["unconfirmedShard"]
    shop.pipeline.memory.seed("orders", row)


def test_an_order_from_before_there_was_the_index_never_lapses_by_itself(shop):
    old_row(shop)
    shop.pipeline.clock.advance(DAY)

    assert shop.run().lapses == 0


def test_an_order_from_before_joins_the_index_with_the_next_event_that_is_noted_on_it(shop):
    old_row(shop)
    created = shop.pipeline.outbox.of("order.created")[0]
    again = {**answer_body(created.body), "eventId": "evt-again"}

    shop.pipeline.deliver("orders", again)
    shop.pipeline.clock.advance(DAY)

    assert shop.order()["unconfirmedShard"] == shard_of(ORDER_ID)
    assert shop.run().lapses == 1


def answer_body(body: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def test_an_order_that_moved_on_never_joins_the_index(shop):
    shop.pipeline.deliver("orders", step("order.confirmed", orderId=ORDER_ID))
    shop.pipeline.deliver("orders", step("order.confirmed", orderId=ORDER_ID))

    assert told_of(shop)[-1] == ("order.confirmed", "repeated")
    assert "unconfirmedShard" not in shop.order()


# ------------------------------------------------------------------ money and mail
def test_money_that_the_shop_vouched_for_is_asked_back_when_its_order_lapses():
    shop = Shop()
    shop.place("pay-1", trust="signed")
    shop.pipeline.clock.advance(DAY)
    shop.run()
    shop.pipeline.drain()

    row: Any = shop.pipeline.memory.get("checkouts", {"orderId": ORDER_ID})
    (mail,) = [m for m in shop.pipeline.mailer.sent if "cancelled" in m.subject]
    assert row["refundStatus"] == "requested"
    assert "refundVouched" not in row
    assert '"paymentVouched"' not in shop.pipeline.outbox.of("order.refund.requested")[0].body
    assert "because nothing confirmed its payment in time" in mail.text
    assert "what you paid goes back to you" in mail.text


@pytest.mark.parametrize("trust", ["open", None])
def test_no_money_is_asked_back_of_a_payment_that_a_stranger_may_have_named(trust):
    shop = Shop()
    shop.place("pay-1", trust=trust)
    shop.pipeline.clock.advance(DAY)
    shop.run()
    shop.pipeline.drain()

    row: Any = shop.pipeline.memory.get("checkouts", {"orderId": ORDER_ID})
    (mail,) = [m for m in shop.pipeline.mailer.sent if "cancelled" in m.subject]
    assert shop.order()["status"] == "CANCELLED"
    assert shop.emitted("order.refund.requested") == 0
    assert "refundStatus" not in row
    assert "goes back to you" not in mail.text
    assert "If you paid for it, please answer this mail" in mail.text
    rows: list[Any] = list(shop.pipeline.memory.all("audit"))
    (audit,) = [row["metadata"] for row in rows if row["action"] == "order.cancelled"]
    assert (audit["refund"], audit["cause"]) == ("none", "unconfirmed")


def test_a_decision_to_cancel_asks_the_money_of_an_open_order_back_and_says_that_no_one_vouched():
    shop = Shop()
    shop.place("pay-1", trust="open")
    shop.pipeline.deliver("orders", step("order.cancelled", orderId=ORDER_ID))
    shop.pipeline.drain()

    (request,) = shop.pipeline.outbox.of("order.refund.requested")
    row: Any = shop.pipeline.memory.get("checkouts", {"orderId": ORDER_ID})
    assert answer_body(request.body)["payload"]["paymentVouched"] is False
    assert (row["refundStatus"], row["refundVouched"]) == ("requested", False)


def test_a_decision_to_cancel_says_nothing_of_a_payment_that_the_shop_vouched_for():
    shop = Shop()
    shop.place("pay-1", trust="signed")
    shop.pipeline.deliver("orders", step("order.cancelled", orderId=ORDER_ID))
    shop.pipeline.drain()

    (request,) = shop.pipeline.outbox.of("order.refund.requested")
    assert "paymentVouched" not in answer_body(request.body)["payload"]


def test_no_program_vouches_for_an_open_payment_by_saying_so():
    shop = Shop()
    shop.place("pay-1", trust="open")
    shop.pipeline.deliver("orders", step("order.cancelled", orderId=ORDER_ID))
    payload = {
        "orderId": ORDER_ID,
        "paymentId": "pay-1",
        "userId": "user-1",
        "amount": shop.order()["totalAmount"],
        "reason": "cancelled",
        "paymentVouched": True,
    }
    shop.pipeline.deliver("orders", envelope("order.refund.requested", payload, eventId="evt-mine"))

    row: Any = shop.pipeline.memory.get("checkouts", {"orderId": ORDER_ID})
    assert row["refundVouched"] is False


def test_the_rejection_of_an_open_checkout_says_that_no_one_vouched():
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=5, threshold=0))
    pipeline.checkout(checkout_payload(items=[line()]))
    pipeline.memory.seed("stock", stock(available=0, threshold=0))
    pipeline.drain()

    (request,) = pipeline.outbox.of("order.refund.requested")
    row: Any = pipeline.memory.get("checkouts", {"orderId": ORDER_ID})
    assert answer_body(request.body)["payload"]["paymentVouched"] is False
    assert (row["refundReason"], row["refundVouched"]) == ("out_of_stock", False)


def test_a_refused_publish_is_counted_and_told_without_the_customer(shop, monkeypatch):
    def refuse(_messages: Any) -> None:
        raise PublishError("QStash: no answer")

    monkeypatch.setattr(shop.pipeline.outbox, "publish", refuse)
    shop.pipeline.clock.advance(DAY)

    assert shop.run().failures == 1
    assert "ada@" not in str(shop.pipeline.telemetry.lines)
