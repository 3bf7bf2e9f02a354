"""Copies of personal data have a time, and what keeps a payment from a second order has none (S44)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.reconciler.retention_store import retentions
from functions.reconciler.service import Reconciler
from functions.reconciler.settings import ReconcilerSettings
from ops.dead_letters.store import DeadLetterStore
from ops.retention.store import date_all
from shared.kernel.errors import ConfigurationError, UnreadableRowError
from shared.storage.records.dead_letter import DeadLetterState
from tests.builders import (
    answer_of,
    checkout_command,
    checkout_payload,
    dead_letter_row,
    line,
    stock,
)
from tests.order_ids import order_id_for
from tests.pipeline import no_parameters
from tests.unit.functions.reconciler.test_reconciler import SURROUNDINGS, World
from tests.unit.functions.reconciler.test_redelivery import Shop as FailingShop
from tests.unit.ops.audit.test_run import Memory, audited, red

DAY = 86_400
DAYS = 30
OLD = "2020-01-01T00:00:00.000Z"
ORDER_ID = order_id_for("pay-1")
PERSON = {
    "userId": "user-of-ada",
    "customerName": "Ada Example",
    "customerEmail": "ada@example.com",
    "customerAddress": "1 Mill Lane, Testville",
}


class Keeping(World):
    """A shop that keeps copies for thirty days."""

    given = {"CHECKOUT_DAYS": str(DAYS), "DEAD_LETTER_DAYS": str(DAYS)}

    def reconciler(self) -> Reconciler:
        made: Reconciler = super().reconciler()
        known = ReconcilerSettings.load({**SURROUNDINGS, **self.given}, no_parameters)
        return made.removing(
            retentions(self.pipeline.core_ports(), known.checkout_days, known.dead_letter_days)
        )

    def checkout(self, payment: str = "pay-1", **changes: Any) -> Any:
        body = checkout_payload(paymentId=payment, **{**PERSON, **changes})
        return self.pipeline.checkout(body)

    def row(self, payment: str = "pay-1") -> Any:
        return self.pipeline.memory.get("checkouts", {"orderId": order_id_for(payment)})

    def letter(self, key: str = "evt-1") -> Any:
        return self.pipeline.memory.get("dead_letters", {"eventId": key})

    def orders(self) -> int:
        return len(self.pipeline.memory.all("orders"))

    def passed(self, days: float) -> int:
        """So many days later, one run of the reconciler; how many copies went."""
        self.pipeline.clock.advance(days * DAY)
        report = self.run()
        assert report.failures == 0
        return int(report.redacted)


class Failing(Keeping, FailingShop):
    """The same, with deliveries that fail."""

    def move(self, to: DeadLetterState, key: str = "evt-1") -> None:
        """What an operator does to a dead letter."""
        box = DeadLetterStore(self.pipeline.tables, self.pipeline.clock)
        assert box.move(box.get(key), to, action=to.value, actor="otto", reason="because")


@pytest.fixture
def shop() -> Keeping:
    return Keeping()


@pytest.fixture
def failing() -> Failing:
    return Failing()


def said_of(row: Any) -> str:
    return json.dumps(row, default=str)


def names(row: Any) -> list[str]:
    return [value for value in PERSON.values() if value in said_of(row)]


# ------------------------------------------------------------------ checkouts
@pytest.mark.parametrize("quantity", [1, 4])
def test_a_decided_checkout_loses_its_copy_on_the_day_and_not_before(shop, quantity):
    """Confirmed, or rejected because another order came first."""
    shop.checkout(items=[line(quantity=quantity)])
    if quantity == 4:
        other = checkout_command(paymentId="pay-9", items=[line(quantity=3)])
        shop.pipeline.deliver("commands", other)
    shop.pipeline.drain()
    assert names(shop.row()) == list(PERSON.values())

    assert shop.passed(DAYS - 0.01) == 0
    assert names(shop.row()) == list(PERSON.values())
    assert shop.passed(0.02) >= 1

    row = shop.row()
    assert names(row) == []
    assert row["status"] == ("confirmed" if quantity == 1 else "rejected")
    assert set(row["identity"]) == {"userId", "items", "totalAmount"}
    assert {"command", "decidedShard", "userId"}.isdisjoint(row)
    assert shop.passed(1) == 0


def test_an_undecided_checkout_is_kept_however_old_it_is(shop):
    shop.checkout()

    assert shop.passed(400) == 0

    assert names(shop.row()) == list(PERSON.values())
    shop.pipeline.drain()
    assert shop.row()["status"] == "confirmed"
    assert shop.orders() == 1


def test_the_late_repetition_of_a_request_is_answered_as_before_and_makes_no_second_order(shop):
    first = answer_of(shop.checkout())["data"]
    shop.pipeline.drain()
    assert shop.passed(DAYS + 1) == 1

    again = shop.checkout()
    shop.pipeline.drain()

    assert again["statusCode"] == 202
    assert answer_of(again)["data"]["orderId"] == first["orderId"]
    assert shop.orders() == 1
    command = checkout_command(event_id="evt-much-later", **PERSON)
    assert shop.pipeline.deliver("commands", command)["statusCode"] == 200
    assert shop.ledger("evt-much-later")["outcome"] == "already_confirmed"
    assert shop.orders() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": [line(quantity=2)], "totalAmount": 24.98}, "items"),
        ({"userId": "mallory"}, "userId"),
    ],
)
def test_another_request_of_an_old_payment_is_still_refused(shop, changes, field):
    shop.checkout()
    shop.pipeline.drain()
    shop.passed(DAYS + 1)

    answer = shop.checkout(**changes)

    assert answer["statusCode"] == 409
    assert answer_of(answer)["error"]["code"] == "payment_reused"
    assert field in said_of(answer_of(answer))
    assert shop.orders() == 1


def test_the_late_repetition_of_a_rejected_request_stays_rejected(shop):
    shop.checkout(items=[line(quantity=4)])
    shop.pipeline.deliver("commands", checkout_command(paymentId="pay-9", items=[line(quantity=3)]))
    shop.pipeline.drain()
    shop.pipeline.memory.seed("stock", stock(available=50, threshold=0))
    assert shop.passed(DAYS + 1) == 2

    shop.checkout(items=[line(quantity=4)])
    late = checkout_command(event_id="evt-late", items=[line(quantity=4)], **PERSON)
    shop.pipeline.deliver("commands", late)
    shop.pipeline.drain()

    assert answer_of(shop.pipeline.status(ORDER_ID))["data"]["status"] == "rejected"
    assert shop.orders() == 1


def test_an_old_checkout_still_answers_its_owner_and_nobody_else(shop):
    shop.pipeline.sign_in()
    body = checkout_payload(**PERSON)
    shop.pipeline.checkout(body, shopper=PERSON["userId"])
    shop.pipeline.drain()
    before = answer_of(shop.pipeline.status(ORDER_ID, shopper=PERSON["userId"]))["data"]
    shop.passed(DAYS + 1)

    after = answer_of(shop.pipeline.status(ORDER_ID, shopper=PERSON["userId"]))["data"]

    assert after == before
    assert shop.pipeline.status(ORDER_ID, shopper="user-1")["statusCode"] == 404


def test_a_refund_that_is_owed_survives_its_copy(shop):
    shop.checkout(items=[line(quantity=4)])
    shop.pipeline.deliver("commands", checkout_command(paymentId="pay-9", items=[line(quantity=3)]))
    shop.pipeline.drain()
    refund = {name: value for name, value in shop.row().items() if name.startswith("refund")}
    assert refund["refundStatus"] == "requested"

    shop.passed(DAYS + 1)

    assert refund.items() <= shop.row().items()
    assert shop.row()["paymentId"] == "pay-1"


def test_what_is_decided_between_reading_and_removing_keeps_its_copy(shop):
    """The index lags: the row as of now decides."""
    shop.checkout()
    row = dict(shop.row())
    shop.pipeline.memory.seed(
        "checkouts", {**row, "decidedShard": "0", "decidedAt": "2020-01-01T00:00:00.000Z"}
    )

    assert shop.passed(1) == 0
    assert names(shop.row()) == list(PERSON.values())


# ------------------------------------------------------------------ dead letters
def test_a_handled_dead_letter_loses_its_copy_on_the_day_and_not_before(failing):
    event = checkout_command(**PERSON)
    failing.fail(event)
    failing.minutes(5)
    assert failing.letter()["state"] == "resolved"
    assert names(failing.letter()) == list(PERSON.values())

    assert failing.passed(DAYS - 0.01) == 0
    assert failing.passed(0.02) == 2  # its checkout, too

    row = failing.letter()
    assert names(row) == []
    assert json.loads(row["originalEvent"])["payload"]["items"] == [{"productId": "mug"}]
    assert row["state"] == "resolved"
    assert failing.orders() == 1


def test_a_handled_event_whose_message_fails_much_later_gets_a_time_anew(failing):
    event = checkout_command(**PERSON)
    failing.fail(event)
    failing.minutes(5)
    failing.passed(DAYS - 2)
    failing.pipeline.memory.seed("dead_letters", {**failing.letter(), "closedAt": OLD})
    assert failing.passed(0) == 1

    failing.fail(event)  # within the ledger's thirty days: the event is known as handled
    failing.minutes(5)
    assert failing.letter()["state"] == "resolved"
    assert names(failing.letter()) == list(PERSON.values())

    assert failing.passed(DAYS - 1) == 1  # the checkout's
    assert failing.passed(2) == 1
    assert names(failing.letter()) == []


def test_an_open_dead_letter_never_goes_by_itself(failing):
    failing.pipeline.memory.seed("dead_letters", dead_letter_row("evt-9", kind="refused"))
    failing.fail(
        checkout_command(**PERSON),
        responseStatus=489,
        responseBody=json.dumps({"error": {"code": "no"}}),
    )
    failing.run()
    assert failing.letter()["kind"] == "refused"

    assert failing.passed(4000) == 0

    assert names(failing.letter()) == list(PERSON.values())
    assert failing.letter("evt-9")["state"] == "open"


def test_a_discarded_dead_letter_keeps_that_it_was_and_what_it_was_about(failing):
    sale = {
        "eventId": "evt-s",
        "eventType": "inventory.stock.updated",
        "payload": {
            "productId": "mug",
            "delta": -2,
            "reason": "sale",
            "orderId": "ord_1",
            **PERSON,
        },
    }
    failing.pipeline.memory.seed(
        "dead_letters",
        dead_letter_row(
            "evt-s",
            topic="inventory",
            eventType="inventory.stock.updated",
            originalEvent=json.dumps(sale),
            error="HTTP 489 said Ada Example",
            failures=1,
        ),
    )
    failing.move(DeadLetterState.DISCARDED, "evt-s")

    assert failing.passed(DAYS + 1) == 1

    row = failing.letter("evt-s")
    assert names(row) == []
    assert row["state"] == "discarded"
    assert json.loads(row["originalEvent"]) == {
        "payload": {"orderId": "ord_1", "productId": "mug", "reason": "sale", "delta": -2}
    }
    assert failing.passed(1) == 0


def test_a_discarded_event_that_fails_anew_is_whole_again(failing):
    event = checkout_command(**PERSON)
    refusal = {"responseStatus": 489, "responseBody": json.dumps({"error": {"code": "no"}})}
    failing.fail(event, **refusal)
    failing.run()
    failing.move(DeadLetterState.DISCARDED)
    failing.passed(DAYS + 1)
    assert names(failing.letter()) == []

    failing.fail(event, **refusal)
    failing.passed(0.01)

    row = failing.letter()
    assert row["state"] == "open"
    assert json.loads(row["originalEvent"])["payload"]["customerName"] == "Ada Example"
    assert {"redactedAt", "closedAt", "closedShard"}.isdisjoint(row)
    assert failing.passed(4000) == 0


def test_one_row_that_makes_no_sense_keeps_no_other_from_going(failing):
    odd = dead_letter_row(
        "evt-odd", state="vanished", closedAt="2020-01-01T00:00:00.000Z", closedShard="3"
    )
    failing.pipeline.memory.seed("dead_letters", odd)
    failing.checkout()
    failing.pipeline.drain()
    failing.pipeline.clock.advance((DAYS + 1) * DAY)

    report = failing.run()

    assert (report.failures, report.redacted) == (1, 1)
    assert names(failing.row()) == []


# ------------------------------------------------------------------ facts, and rows from before
def test_without_a_time_everything_is_kept(shop):
    shop.given = {"CHECKOUT_DAYS": "", "DEAD_LETTER_DAYS": ""}
    shop.checkout()
    shop.pipeline.drain()

    assert shop.passed(4000) == 0
    assert names(shop.row()) == list(PERSON.values())


@pytest.mark.parametrize("name", ["CHECKOUT_DAYS", "DEAD_LETTER_DAYS"])
@pytest.mark.parametrize("days", ["0", "-1", "3651", "a week"])
def test_a_time_that_makes_no_sense_stops_the_function_by_its_name(name, days):
    with pytest.raises(ConfigurationError, match=name):
        ReconcilerSettings.load({**SURROUNDINGS, name: days}, no_parameters)


def from_before(shop: Failing) -> None:
    """The rows as the version before wrote them."""
    for table, shard in (("checkouts", "decidedShard"), ("dead_letters", "closedShard")):
        for row in shop.pipeline.memory.all(table):
            bare = {name: value for name, value in row.items() if name != shard}
            shop.pipeline.memory.seed(table, bare)


def memory_of(shop: World) -> Memory:
    memory = Memory({}, shop.pipeline.clock)
    memory.tables = shop.pipeline.memory
    return memory


def test_rows_from_before_get_their_time_once_and_the_open_ones_none(failing):
    failing.checkout()
    failing.checkout("pay-2")
    failing.pipeline.drain()
    failing.checkout("pay-3")
    for number, state in enumerate(("resolved", "discarded", "open", "replaying")):
        failing.pipeline.memory.seed("dead_letters", dead_letter_row(f"evt-{number}", state=state))
    failing.pipeline.memory.seed("dead_letters", dead_letter_row("evt-odd", state="vanished"))
    from_before(failing)
    assert failing.passed(DAYS + 1) == 0
    memory = memory_of(failing)
    looked = audited(memory, later=0)
    assert looked["decided checkouts have a time"].attentions == 2

    done = date_all(memory, failing.pipeline.tables)
    again = date_all(memory, failing.pipeline.tables)

    assert (done.dated, again.dated) == (4, 0)
    assert [type(odd) for odd in done.unreadable] == [UnreadableRowError]
    assert failing.passed(0) == 4
    assert "redactedAt" in failing.letter("evt-0")
    assert failing.letter("evt-1")["closedAt"] == dead_letter_row()["lastFailedAt"]
    assert {failing.letter(f"evt-{n}")["state"] for n in (2, 3)} == {"open", "replaying"}
    assert names(failing.row("pay-3")) == list(PERSON.values())


def test_the_audit_stays_green_when_copies_have_gone(failing):
    failing.checkout()
    failing.pipeline.deliver(
        "commands", checkout_command(paymentId="pay-9", items=[line(quantity=3)])
    )
    failing.checkout("pay-2", items=[line(quantity=4)])
    failing.pipeline.drain()
    failing.fail(checkout_command(event_id="evt-h", paymentId="pay-9", items=[line(quantity=3)]))
    failing.minutes(5)
    memory = memory_of(failing)
    before = red(audited(memory))

    assert failing.passed(DAYS + 1) > 0

    assert red(audited(memory, later=0)) == before == set()


# ------------------------------------------------------------------ whatever happens
UNFINISHED = {"accepted", "open", "replaying"}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(["pay-1", "pay-2"])),
        st.tuples(st.just("command"), st.sampled_from(["pay-1", "pay-2"])),
        st.tuples(st.just("fail"), st.sampled_from(["pay-1", "pay-2"])),
        st.tuples(st.just("discard"), st.just("")),
        st.tuples(st.just("drain"), st.just("")),
        st.tuples(st.just("days"), st.sampled_from(["0", "1", "29", "31"])),
    ),
    max_size=14,
)


def _happens(shop: Failing, step: str, said: str) -> None:
    match step:
        case "post":
            assert shop.checkout(said)["statusCode"] == 202
        case "command":
            number = len(shop.pipeline.outbox.messages)
            event = checkout_command(event_id=f"evt-{said}-{number}", paymentId=said, **PERSON)
            shop.pipeline.deliver("commands", event)
        case "fail":
            shop.fail(checkout_command(event_id=f"evt-{said}", paymentId=said, **PERSON))
        case "discard":
            for row in shop.pipeline.memory.all("dead_letters"):
                if row["state"] == "open":
                    shop.move(DeadLetterState.DISCARDED, str(row["eventId"]))
        case "drain":
            shop.pipeline.drain()
        case _:
            shop.passed(int(said))


def _nothing_is_lost(shop: Failing) -> None:
    for row in shop.pipeline.memory.all("checkouts"):
        assert row["status"] != "accepted" or "command" in row
    for row in shop.pipeline.memory.all("dead_letters"):
        if row["state"] in {"open", "replaying"}:
            assert json.loads(str(row["originalEvent"]))["eventId"] == row["eventId"]
            assert "closedShard" not in row
    payments = [row["paymentId"] for row in shop.pipeline.memory.all("orders")]
    assert len(payments) == len(set(payments))


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_a_payment_has_one_order_and_only_what_is_done_loses_its_copy(steps):
    shop = Failing()
    for step, said in steps:
        _happens(shop, step, said)
        _nothing_is_lost(shop)

    for _ in range(5):  # what is sent again now is settled, and its time begins
        shop.pipeline.drain()
        shop.passed(DAYS + 1)

    rows = [*shop.pipeline.memory.all("checkouts"), *shop.pipeline.memory.all("dead_letters")]
    for row in rows:
        assert names(row) == [] or str(row.get("status", row.get("state"))) in UNFINISHED
