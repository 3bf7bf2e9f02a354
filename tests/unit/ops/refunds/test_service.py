"""What a payment integration sees of a refund: asked for once, settled once (I21)."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ops.__main__ import main
from ops.core import connection
from ops.core.errors import OperatorError
from ops.core.unreadable import parted
from ops.refunds.service import RefundService
from shared.kernel.errors import PublishError
from tests.builders import checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.unit.ops.stock.stock_shop import StockShop
from tests.unit.shared.faults import Faults, Killed

ORDER = order_id_for("pay-1")


@pytest.fixture
def shop() -> StockShop:
    """A shop whose one customer paid for more than there was by the time it was decided."""
    shop = StockShop()
    shop.memory.seed("stock", stock(available=2))
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.checkout(checkout_payload(items=[line(quantity=1)], paymentId="pay-2", userId="user-2"))
    first, second = shop.outbox.messages
    shop.send(second)
    shop.send(first)
    shop.drain()
    assert checkout(shop)["refundStatus"] == "requested"
    return shop


def checkout(shop: StockShop) -> Any:
    return shop.memory.get("checkouts", {"orderId": ORDER})


def desk(shop: StockShop, tables: Any = None) -> RefundService:
    return RefundService(tables or shop.tables, shop.ledger(tables), shop.clock)


def settled_entries(shop: StockShop) -> list[Any]:
    return [row for row in shop.memory.all("audit") if row["action"] == "refund.settled"]


def test_what_is_asked_back_is_listed_until_it_is_settled(shop):
    [refund] = parted(desk(shop).list("requested", 10))[0]
    assert (refund.order_id, refund.payment_id, f"{refund.amount:.2f}", refund.reason) == (
        *(ORDER, "pay-1"),
        *("25.00", "out_of_stock"),
    )

    settled, unpublished = desk(shop).settle(ORDER, reference="re_1", operator="otto")
    shop.drain()

    assert (settled.status, settled.reference, unpublished) == ("settled", "re_1", None)
    assert desk(shop).list("requested", 10) == []
    assert [r.reference for r in parted(desk(shop).list("settled", 10))[0]] == ["re_1"]
    [entry] = settled_entries(shop)
    assert entry["entityId"] == "pay-1"
    assert entry["userId"] == "user-1"
    assert entry["metadata"] == {
        "orderId": ORDER,
        "reference": "re_1",
        "operator": "otto",
        "actor": {"kind": "operator", "id": "otto"},
    }
    assert shop.broken_promises() == set()


def test_settling_again_changes_nothing_and_another_reference_is_refused(shop):
    desk(shop).settle(ORDER, reference="re_1", operator="otto")
    before = checkout(shop)

    again, _ = desk(shop).settle(ORDER, reference="re_1", operator="ida")
    with pytest.raises(OperatorError, match="settled already, as re_1"):
        desk(shop).settle(ORDER, reference="re_2", operator="ida")
    shop.drain()

    assert again.reference == "re_1"
    assert checkout(shop) == before
    assert len(settled_entries(shop)) == 1


def test_a_refund_request_that_comes_again_does_not_ask_for_settled_money(shop):
    desk(shop).settle(ORDER, reference="re_1", operator="otto")
    [request] = shop.outbox.of("order.refund.requested")
    values = json.loads(request.body) | {"eventId": "evt-again"}

    assert shop.deliver("orders", values)["statusCode"] == 200

    assert checkout(shop)["refundStatus"] == "settled"


@pytest.mark.parametrize("order_id", ["ord_none", order_id_for("pay-2")])
def test_nothing_is_settled_that_nobody_asked_for(shop, order_id):
    with pytest.raises(OperatorError, match="no money of"):
        desk(shop).settle(order_id, reference="re_1", operator="otto")


def test_two_operators_at_once_settle_once(shop):
    class SecondComesFirst:
        """The other operator settles between this one's reading and writing."""

        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(shop.memory, name)

        def transact(self, writes: Any) -> None:
            if not self.raced:
                self.raced = True
                desk(shop).settle(ORDER, reference="re_first", operator="ida")
            shop.memory.transact(writes)

    with pytest.raises(OperatorError, match="re_first"):
        desk(shop, SecondComesFirst()).settle(ORDER, reference="re_second", operator="otto")
    shop.drain()

    assert checkout(shop)["refundReference"] == "re_first"
    assert len(settled_entries(shop)) == 1


def test_a_program_that_settled_on_the_table_in_the_meantime_is_not_overwritten(shop):
    """What the page allows: the same update, on the same condition, without this command."""

    class ProgramComesFirst:
        def __getattr__(self, name: str) -> Any:
            return getattr(shop.memory, name)

        def transact(self, writes: Any) -> None:
            settled = {"refundStatus": "settled", "refundReference": "re_program"}
            shop.memory.seed("checkouts", checkout(shop) | settled)
            shop.memory.transact(writes)

    with pytest.raises(OperatorError, match="settled already, as re_program"):
        desk(shop, ProgramComesFirst()).settle(ORDER, reference="re_1", operator="otto")

    assert checkout(shop)["refundReference"] == "re_program"


def test_what_a_dead_laptop_could_not_tell_the_repetition_tells(shop):
    faults = Faults({(0, "before"): Killed})
    shop.publisher = faults.wrap("publisher", shop.outbox)
    with pytest.raises(Killed):
        desk(shop).settle(ORDER, reference="re_1", operator="otto")
    assert checkout(shop)["refundStatus"] == "settled"
    shop.publisher = shop.outbox

    desk(shop).settle(ORDER, reference="re_1", operator="otto")
    shop.drain()

    assert len(settled_entries(shop)) == 1


def test_qstash_down_settles_all_the_same_and_says_what_leaves_later(shop):
    shop.outbox.failing = True

    refund, unpublished = desk(shop).settle(ORDER, reference="re_1", operator="otto")

    assert refund.status == "settled"
    assert isinstance(unpublished, PublishError)


@pytest.fixture
def told(shop, monkeypatch, capsys):
    """The command line, on this shop; its status and what it printed."""
    opened = SimpleNamespace(
        tables=shop.memory, publisher=shop.outbox, clock=shop.clock, identify=None
    )
    monkeypatch.setattr(connection, "connect", lambda _options: opened)

    def run(*arguments: str) -> tuple[int, str]:
        status = main(["refunds", *arguments])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def test_the_command_lists_for_people_and_for_programs_and_settles(told):
    assert "out_of_stock" in told("list")[1]
    status, lines = told("list", "--json")
    assert (status, json.loads(lines)["amount"]) == (0, "25.00")

    assert told("settle", ORDER, "--reference", "re_1") == (0, f"{ORDER}  25.00 settled as re_1\n")

    assert told("list") == (0, "no refund is requested\n")
    assert json.loads(told("list", "--json", "--state", "settled")[1])["reference"] == "re_1"


@pytest.mark.parametrize("reference", ["", "two\nlines", "x" * 201])
def test_a_reference_is_one_line(told, reference):
    status, said = told("settle", ORDER, "--reference", reference)

    assert status == 2
    assert "--reference: must be 1 to 200 characters on one line" in said
