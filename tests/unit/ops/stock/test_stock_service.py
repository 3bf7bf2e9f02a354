"""Units moved by hand: one transaction each, once per key, and the audit agrees afterwards."""

from typing import Any

import pytest

from ops.stock.domain import MAX_RETURNS, MAX_UNITS, Adjust, Restock, Return
from shared.kernel.strict_json import loads
from tests.builders import (
    checkout_payload,
    envelope,
    line,
    release_command,
    reserve_command,
    units,
)
from tests.unit.functions.stock_reading import payloads
from tests.unit.ops.stock.stock_shop import OperatorError, StockShop, opened, ordered


@pytest.fixture
def shop() -> StockShop:
    return opened()


# ------------------------------------------------------------------ what a command does
@pytest.mark.parametrize(
    ("request_", "after", "reason"),
    [
        (Restock("mug", 5), 15, "restock"),
        (Adjust("mug", to=7), 7, "adjustment"),
        (Adjust("mug", to=0, expected=10), 0, "adjustment"),
        (Adjust("mug", by=-4), 6, "adjustment"),
        (Adjust("mug", by=4), 14, "adjustment"),
    ],
)
def test_units_move_once_with_their_movement_and_their_audit_entry(shop, request_, after, reason):
    done = shop.operate(request_)
    shop.drain()

    assert (done.before, done.after, done.repeated, done.unpublished) == (10, after, False, None)
    assert shop.row()["available"] == after
    assert shop.deltas()[-1] == (reason, after - 10)
    [told] = [t for t in payloads(shop, "analytics.audit") if t["action"] == f"stock.{reason}"]
    assert (told["action"], told["entityId"], told["userId"]) == (f"stock.{reason}", "mug", "otto")
    assert told["previousState"] == {"available": 10, "reserved": 0}
    assert told["newState"] == {"available": after, "reserved": 0}
    assert (told["metadata"]["operator"], told["metadata"]["reason"]) == ("otto", "counted twice")
    assert shop.broken_promises() == set()


def test_a_count_that_was_right_is_remembered_and_moves_nothing(shop):
    before = shop.deltas()

    shop.operate(Adjust("mug", to=10))
    shop.drain()

    assert shop.deltas() == before
    assert payloads(shop, "analytics.audit")[-1]["action"] == "stock.adjustment"
    assert shop.broken_promises() == set()


def test_goods_that_come_back_are_noted_with_their_order_and_belong_to_its_trace(shop):
    order_id = ordered(shop)

    done = shop.operate(Return("mug", 2, order_id))
    shop.drain()

    assert (done.before, done.after) == (7, 9)
    order: Any = shop.memory.get("orders", {"orderId": order_id})
    assert [(e["productId"], e["quantity"], e["operator"]) for e in order["returns"]] == [
        ("mug", 2, "otto")
    ]
    record: Any = shop.memory.get("ledger", {"id": "operator#operator:key-1"})
    assert record["correlationId"] == order["correlationId"]
    assert shop.deltas()[-1] == ("return", 2)
    assert shop.broken_promises() == set()


def test_an_order_takes_back_a_bounded_number_of_times_and_says_what_to_do_then(shop):
    order_id = ordered(shop)
    order: Any = shop.memory.get("orders", {"orderId": order_id})
    shop.memory.seed("orders", {**order, "returnCount": MAX_RETURNS})

    with pytest.raises(OperatorError, match=r"^--order: .* has had 200 returns.* with adjust$"):
        shop.operate(Return("mug", 1, order_id))

    after: Any = shop.memory.get("orders", {"orderId": order_id})
    assert "returns" not in after


def test_units_that_are_held_are_not_touched(shop):
    shop.deliver("commands", reserve_command(items=[units("mug", 4)]))
    shop.drain()

    shop.operate(Adjust("mug", to=0))
    shop.drain()
    shop.deliver("commands", release_command())
    shop.drain()

    assert (shop.row()["available"], shop.row()["reserved"]) == (4, 0)
    assert shop.broken_promises() == set()


def test_a_restock_arms_the_alert_again_and_the_next_fall_alerts(shop):
    for number, to in enumerate((2, 3, 1, 9, 2)):
        shop.operate(Adjust("mug", to=to), key=f"key-{number}")
        shop.drain()
        shop.clock.advance(1)

    assert len(payloads(shop, "inventory.stock.low")) == 2
    assert shop.row()["alert"] == "raised"
    assert shop.broken_promises() == set()


# ------------------------------------------------------------------ what is refused
@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Restock("ghost", 1), "sku: there is no ghost"),
        (Restock("mu g", 1), "sku: must be productId"),
        (Restock("mug#", 1), "sku: must be productId"),
        (Restock("mug", 0), "units: must be a whole number from 1"),
        (Restock("mug", -5), "units: must be a whole number from 1"),
        (Restock("mug", MAX_UNITS), "units: 10 are available"),
        (Adjust("mug", by=-11), "units: 10 are available, -11 would leave -1"),
        (Adjust("mug", by=0), "--by: must be"),
        (Adjust("mug", to=-1), "--to: must be"),
        (Adjust("mug", to=5, expected=9), "--expected: 10 are available, not 9"),
        (Return("mug", 1, "ord_none"), "--order: there is no such order"),
        (Return("mug", 1, "ord 1"), "--order: must be"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name_and_rule(shop, request_, said):
    stored, sent = shop.memory.all("ledger"), shop.outbox.ids()

    with pytest.raises(OperatorError) as refused:
        shop.operate(request_)

    assert str(refused.value).startswith(said)
    assert (shop.memory.all("ledger"), shop.outbox.ids()) == (stored, sent)


def test_no_more_comes_back_than_the_order_had(shop):
    order_id = ordered(shop, quantity=3)
    shop.operate(Return("mug", 2, order_id), key="a")

    with pytest.raises(OperatorError, match="had 3 of mug, 2 of them came back before"):
        shop.operate(Return("mug", 2, order_id), key="b")
    with pytest.raises(OperatorError, match="has no jar"):
        shop.operate(Return("jar", 1, order_id), key="c")

    assert shop.operate(Return("mug", 1, order_id), key="d").after == 10


def test_nothing_comes_back_of_an_order_that_was_not_shipped_or_was_cancelled(shop):
    """A cancellation puts the units back by itself; with the return they would be there twice."""
    shop.checkout(checkout_payload(items=[line(quantity=3)]))
    shop.drain()
    order: Any = shop.memory.all("orders")[0]
    with pytest.raises(OperatorError, match="is PENDING: only what was shipped can come back"):
        shop.operate(Return("mug", 1, order["orderId"]))
    names = ("orderId", "userId", "customerName", "customerEmail", "customerAddress")
    payload = {name: order[name] for name in (*names, "items", "totalAmount", "status")}
    payload |= {"reason": "no", "cancelledBy": "admin"}
    shop.deliver("orders", envelope("order.cancelled", payload, eventId="evt-cancel"))
    shop.drain()

    with pytest.raises(OperatorError, match="is CANCELLED"):
        shop.operate(Return("mug", 1, order["orderId"]))

    assert shop.row()["available"] == 10
    assert shop.broken_promises() == set()


# ------------------------------------------------------------------ once per key
def test_the_same_key_twice_moves_nothing_twice_and_says_what_was_done(shop):
    first = shop.operate(Restock("mug", 5))
    shop.operate(Restock("mug", 1), key="another")

    sent = shop.outbox.ids()

    again = shop.operate(Restock("mug", 5))

    assert (again.before, again.after, again.repeated) == (first.before, first.after, True)
    assert shop.outbox.ids() == sent
    shop.drain()
    assert shop.row()["available"] == 16
    assert shop.broken_promises() == set()


def test_a_repetition_is_not_judged_by_what_it_changed_itself(shop):
    """Three of ten expected, seven left: the second time the expectation fails, the key does not."""
    request = Adjust("mug", to=7, expected=10)
    shop.operate(request)

    assert shop.operate(request).repeated


def test_a_key_that_was_used_for_something_else_is_refused(shop):
    shop.operate(Restock("mug", 5))

    for other in (Restock("mug", 6), Restock("jar", 5), Adjust("mug", by=5)):
        with pytest.raises(OperatorError, match="belongs to another command"):
            shop.operate(other)

    assert shop.row()["available"] == 15


def test_a_record_holds_the_very_messages_that_left(shop):
    shop.operate(Restock("mug", 5))

    record: Any = shop.memory.get("ledger", {"id": "operator#operator:key-1"})
    assert (record["consumer"], record["state"], record["outcome"]) == (
        "operator",
        "done",
        "restock",
    )
    [update, audit] = [loads(e["body"].encode(), max_bytes=9_999) for e in record["outbox"]]
    assert (update["eventType"], audit["eventType"]) == (
        "inventory.stock.updated",
        "analytics.audit",
    )
    assert update["payload"]["delta"] == 5
