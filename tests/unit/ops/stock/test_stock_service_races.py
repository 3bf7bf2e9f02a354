"""Operators at once, and machines that die: every unit is moved once, and told of."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.reconciler.dead_letter_store import DueDeadLetterTables
from functions.reconciler.failed_messages import QStashFailedMessages
from functions.reconciler.service import Reconciler
from functions.reconciler.store import (
    PendingCheckoutTables,
    ReservationTables,
    UnconfirmedOrderTables,
)
from ops.stock.domain import Adjust, Request, Restock, Return
from shared.kernel.clock import Deadline
from shared.kernel.errors import ContentionError, DependencyError
from tests.builders import checkout_payload, line
from tests.fakes.failed_messages import InMemoryQueue
from tests.unit.ops.stock.stock_shop import OperatorError, StockShop, interrupted, opened, ordered
from tests.unit.shared.faults import Faults, Killed


@pytest.fixture
def shop() -> StockShop:
    return opened()


def test_the_same_key_on_two_machines_at_once_moves_once(shop):
    """The other one commits between our look and our decision, and ours would be refused."""
    request = Adjust("mug", to=7, expected=10)
    tables = interrupted(shop, lambda: shop.operate(request), at="tables.get_many")

    assert shop.operate(request, tables=tables).repeated
    shop.drain()

    assert shop.row()["available"] == 7
    assert shop.deltas().count(("adjustment", -3)) == 1


def test_one_key_for_two_commands_at_once_moves_one_and_refuses_the_other_by_name(shop):
    """The other one commits between our decision and our commit, under the key that we chose."""
    tables = interrupted(shop, lambda: shop.operate(Restock("mug", 7), key="same"))

    with pytest.raises(OperatorError, match="--key: same belongs to another command"):
        shop.operate(Adjust("mug", by=-1), key="same", tables=tables)

    assert shop.row()["available"] == 17


# ------------------------------------------------------------------ races


def test_two_operators_on_one_shelf_both_count(shop):
    tables = interrupted(shop, lambda: shop.operate(Restock("mug", 7), key="theirs"))

    done = shop.operate(Restock("mug", 5), key="ours", tables=tables)
    shop.drain()

    assert (done.before, done.after) == (17, 22)
    assert shop.row()["available"] == 22
    assert shop.broken_promises() == set()


def test_two_operators_never_take_back_more_than_the_order_had(shop):
    order_id = ordered(shop, quantity=3)
    tables = interrupted(shop, lambda: shop.operate(Return("mug", 2, order_id), key="theirs"))

    with pytest.raises(OperatorError, match="2 of them came back before"):
        shop.operate(Return("mug", 2, order_id), key="ours", tables=tables)
    shop.drain()

    assert shop.row()["available"] == 9
    assert shop.broken_promises() == set()


def test_a_return_is_not_lost_to_one_of_another_product_of_the_order(shop):
    """Both shelves are different rows: only the order's own count keeps them apart."""
    items = [line(quantity=2), line("jar", quantity=2, price=5)]
    shop.checkout(checkout_payload(items=items))
    shop.drain()
    order_id = str(shop.memory.all("orders")[0]["orderId"])
    shop.send_out(order_id)
    tables = interrupted(shop, lambda: shop.operate(Return("jar", 2, order_id), key="theirs"))

    shop.operate(Return("mug", 2, order_id), key="ours", tables=tables)
    shop.drain()

    order: Any = shop.memory.get("orders", {"orderId": order_id})
    assert sorted(entry["productId"] for entry in order["returns"]) == ["jar", "mug"]
    assert shop.broken_promises() == set()


def test_a_sale_between_reading_and_writing_is_not_undone_by_a_count(shop):
    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=2)]))
        shop.drain()

    tables = interrupted(shop, sell)

    with pytest.raises(OperatorError, match="8 are available, not 10"):
        shop.operate(Adjust("mug", to=12, expected=10), tables=tables)

    assert shop.row()["available"] == 8


def test_a_shelf_that_never_stands_still_is_given_up_with_nothing_stored(shop):
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            row = shop.row()
            shop.memory.seed("stock", {**row, "available": row["available"] - 1})

    shop.memory.seed("stock", {**shop.row(), "available": 100})
    faults.watch = watch

    with pytest.raises(ContentionError, match="nothing was stored"):
        shop.operate(Restock("mug", 5), tables=faults.wrap("tables", shop.memory))

    assert faults.calls.count("tables.transact") == 8
    assert len(shop.clock.slept) == 7


# ------------------------------------------------------------------ crashes
def test_events_of_a_machine_that_died_after_the_commit_are_published_by_the_reconciler(shop):
    faults = Faults({(2, "after"): Killed})  # looked for the key, read, committed
    with pytest.raises(Killed):
        shop.operate(Restock("mug", 5), tables=faults.wrap("tables", shop.memory))
    assert shop.row()["available"] == 15
    assert ("restock", 5) not in shop.deltas()
    shop.clock.advance(61)

    _reconcile(shop)
    shop.drain()

    assert ("restock", 5) in shop.deltas()
    assert shop.broken_promises() == set()
    assert shop.operate(Restock("mug", 5)).repeated
    assert shop.row()["available"] == 15


def _reconcile(shop: StockShop) -> None:
    failed = QStashFailedMessages(
        InMemoryQueue(), addresses=frozenset(), callbacks=frozenset(), now=shop.clock.now
    )
    reconciler = Reconciler(
        checkouts=PendingCheckoutTables(shop.tables),
        failed=failed,
        reservations=ReservationTables(shop.tables),
        orders=UnconfirmedOrderTables(shop.tables),
        dead_letters=DueDeadLetterTables(shop.tables, shop.publisher, shop.clock),
        ports=shop.core_ports(),
        unconfirmed_order_seconds=None,
    )
    assert reconciler.run(Deadline.after(shop.clock, 50)).outboxes == 1


def test_what_qstash_did_not_take_is_done_and_a_repetition_publishes_it(shop):
    shop.outbox.failing = True
    assert shop.operate(Restock("mug", 5)).unpublished is not None
    shop.outbox.failing = False

    again = shop.operate(Restock("mug", 5))
    shop.drain()

    assert (again.repeated, again.unpublished) == (True, None)
    assert ("restock", 5) in shop.deltas()
    assert shop.broken_promises() == set()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_store_that_did_not_answer_says_how_to_repeat(shop, moment):
    faults = Faults({(2, moment): lambda: DependencyError("DynamoDB: timeout")})
    tables = faults.wrap("tables", shop.memory)

    with pytest.raises(DependencyError, match="repeat it with --key key-1"):
        shop.operate(Restock("mug", 5), tables=tables)
    shop.operate(Restock("mug", 5), tables=tables)

    assert shop.row()["available"] == 15


# ------------------------------------------------------------------ anything, in any order
numbers = st.integers(-3, 12)
requests: st.SearchStrategy[Request] = st.one_of(
    st.builds(Restock, st.just("mug"), numbers),
    st.builds(Adjust, st.just("mug"), st.none() | numbers, numbers, st.none() | numbers),
    st.builds(Return, st.just("mug"), numbers, st.just("ORDER")),
)


@given(st.lists(st.tuples(requests, st.sampled_from("abc")), max_size=8))
def test_whatever_operators_do_every_unit_is_a_movement(script):
    shop = StockShop()
    shop.bring_in("sku,name,price,available,threshold\nmug,Mug,12.50,10,2\n")
    shop.drain()
    order_id = ordered(shop, quantity=2)
    for number, (request, key) in enumerate(script):
        asked = Return("mug", request.units, order_id) if isinstance(request, Return) else request
        shop.clock.advance(1)
        try:
            shop.operate(asked, key=f"{key}{number // 2}")
        except OperatorError:
            continue
        shop.drain()

    moved = sum(delta for _, delta in shop.deltas())
    assert shop.row()["available"] == moved >= 0
    returned = [delta for reason, delta in shop.deltas() if reason == "return"]
    assert sum(returned) <= 2
    assert shop.broken_promises() == set()
