"""A payment can have two order ids, a keyed and a plain one, and ever uses one (I3, S38)."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.lines import MAX_RESERVED_SKUS, MAX_SKUS
from shared.kernel.ids import OrderIds
from tests.builders import (
    answer_of,
    checkout_command,
    checkout_payload,
    line,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.order_ids import ORDER_IDS
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

KEYED, PLAIN = ORDER_IDS.both("pay-1")
Code = dict[str, str]
# Code from before there was a key knows the plain id alone: this one looks beside it under an id
# that no row ever has.
BEFORE: Code = {"ORDER_IDS": "plain", "ORDER_ID_KEY": "of-nothing-0123456789abcdef-0123456"}
READS_BOTH: Code = {"ORDER_IDS": "plain"}
WRITES_KEYED: Code = {"ORDER_IDS": "keyed"}
# Which code runs at the same time while a stage is deployed, and after it was.
PHASES = [
    pytest.param(BEFORE, READS_BOTH, id="the first deployment"),
    pytest.param(READS_BOTH, WRITES_KEYED, id="the second deployment"),
    pytest.param(WRITES_KEYED, WRITES_KEYED, id="afterwards"),
]


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=10, threshold=0))
    return pipeline


def runs(shop: Pipeline, code: Code) -> None:
    shop.environ = Pipeline().environ | code


def api(shop: Pipeline) -> dict[str, Any]:
    return shop.checkout(checkout_payload())


def command(event_id: str) -> Callable[[Pipeline], dict[str, Any]]:
    def send(shop: Pipeline) -> dict[str, Any]:
        return shop.deliver("commands", checkout_command(event_id=event_id))

    return send


WAYS = [
    pytest.param(api, api, id="two requests"),
    pytest.param(command("evt-1"), command("evt-2"), id="two commands"),
    pytest.param(api, command("evt-2"), id="request and command"),
    pytest.param(command("evt-1"), api, id="command and request"),
]


def between_reading_and_writing(shop: Pipeline, act: Callable[[], object]) -> None:
    """Let something happen before the next transaction, once."""
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shop.tables = shop.memory
            act()

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)


def assert_one_order(shop: Pipeline) -> str:
    """Under one id, confirmed, and paid with units once; its id."""
    shop.drain()
    (order,) = shop.memory.all("orders")
    (checkout,) = shop.memory.all("checkouts")
    row: Any = shop.memory.get("stock", {"sku": "mug"})
    assert order["orderId"] == checkout["orderId"]
    assert checkout["status"] == "confirmed"
    assert row["available"] == 9
    assert len(shop.outbox.of("order.created")) == 1
    return str(order["orderId"])


@pytest.mark.parametrize(("first", "second"), WAYS)
@pytest.mark.parametrize(("older", "newer"), PHASES)
@pytest.mark.parametrize("newer_begins", [False, True])
def test_two_versions_make_one_order_of_a_payment_in_turn(
    shop, older, newer, newer_begins, first, second
):
    codes = [newer, older] if newer_begins else [older, newer]

    for code, way in zip(codes, (first, second), strict=True):
        runs(shop, code)
        assert way(shop)["statusCode"] in {200, 202}

    assert_one_order(shop)


@pytest.mark.parametrize(("first", "second"), WAYS)
@pytest.mark.parametrize(("older", "newer"), PHASES)
@pytest.mark.parametrize("newer_begins", [False, True])
def test_two_versions_make_one_order_of_a_payment_at_the_same_moment(
    shop, older, newer, newer_begins, first, second
):
    outer, inner = (newer, older) if newer_begins else (older, newer)

    def other() -> None:
        runs(shop, inner)
        assert second(shop)["statusCode"] in {200, 202}

    runs(shop, outer)
    between_reading_and_writing(shop, other)
    assert first(shop)["statusCode"] in {200, 202}

    assert_one_order(shop)


@pytest.mark.parametrize(("first", "second"), WAYS)
@pytest.mark.parametrize(("older", "newer"), PHASES)
def test_a_payment_is_rejected_and_refunded_once_whichever_version_decides(
    shop, older, newer, first, second
):
    """And never rejected by one version and sold by the other."""

    def other() -> None:
        runs(shop, newer)
        second(shop)

    runs(shop, older)
    api(shop)
    shop.memory.seed("stock", stock(available=0))
    between_reading_and_writing(shop, other)
    first(shop)
    shop.drain()
    shop.memory.seed("stock", stock(available=10))
    second(shop)
    shop.drain()

    (checkout,) = shop.memory.all("checkouts")
    assert checkout["status"] == "rejected"
    assert len(shop.outbox.of("order.refund.requested")) == 1
    assert shop.memory.all("orders") == []


@pytest.mark.parametrize("settled", [False, True])
def test_an_old_checkout_keeps_its_id_whatever_is_done_to_it(shop, settled):
    runs(shop, BEFORE)
    before = shop.checkout(checkout_payload())
    if settled:
        shop.drain()

    runs(shop, WRITES_KEYED)
    again = shop.checkout(checkout_payload())

    assert answer_of(before)["data"]["orderId"] == answer_of(again)["data"]["orderId"] == PLAIN
    assert assert_one_order(shop) == PLAIN
    assert answer_of(shop.status(PLAIN))["data"]["status"] == "confirmed"
    assert shop.status(KEYED)["statusCode"] == 404


def test_a_new_order_keeps_its_id_where_the_stage_goes_back_to_plain_ones(shop):
    runs(shop, WRITES_KEYED)
    shop.checkout(checkout_payload())

    runs(shop, READS_BOTH)
    again = shop.checkout(checkout_payload())

    assert answer_of(again)["data"]["orderId"] == KEYED
    assert assert_one_order(shop) == KEYED


@pytest.mark.parametrize("way", [api, command("evt-2")])
@pytest.mark.parametrize("settled", [False, True])
def test_an_old_payment_with_another_request_is_refused_by_what_differs(shop, way, settled):
    """Digests are salted with the order's id: compared under another one, all would differ."""
    runs(shop, BEFORE)
    shop.checkout(checkout_payload(customerName="Grace Hopper"))
    if settled:
        shop.drain()

    runs(shop, WRITES_KEYED)
    answer = way(shop)

    error = answer_of(answer)["error"]
    assert error["code"] == "payment_reused"
    assert "customerName" in error["message"]
    assert "customerAddress" not in error["message"]


def test_a_request_that_lost_the_race_to_another_contact_hears_what_differs(shop):
    def other() -> None:
        runs(shop, READS_BOTH)
        shop.checkout(checkout_payload(customerName="Grace Hopper"))

    between_reading_and_writing(shop, other)
    answer = shop.checkout(checkout_payload())

    error = answer_of(answer)["error"]
    assert (answer["statusCode"], error["code"]) == (409, "payment_reused")
    assert "customerName" in error["message"]
    assert "customerAddress" not in error["message"]


def test_an_order_takes_the_units_that_a_program_reserved_under_its_plain_id(shop):
    shop.deliver("commands", reserve_command(PLAIN, items=[units("mug", 10)]))

    accepted = shop.checkout(checkout_payload(items=[line(quantity=10)]))
    shop.drain()

    assert accepted["statusCode"] == 202
    (order,) = shop.memory.all("orders")
    assert order["orderId"] == PLAIN
    row: Any = shop.memory.get("reservations", {"orderId": PLAIN})
    assert row["status"] == "consumed"


def test_what_was_reserved_under_the_plain_id_and_released_binds_nothing(shop):
    shop.deliver("commands", reserve_command(PLAIN, items=[units("mug", 1)]))
    shop.deliver("commands", release_command(PLAIN, reason="cancelled"))

    shop.checkout(checkout_payload())

    assert assert_one_order(shop) == KEYED


def test_nothing_that_a_stranger_is_answered_follows_from_the_payment_alone(shop):
    """S38: without the key neither id nor anything else in the answers can be computed."""
    accepted = shop.checkout(checkout_payload())
    shop.drain()
    told = f"{accepted} {shop.status(KEYED)}"

    assert OrderIds.plain("pay-1") not in told
    assert not [message for message in shop.outbox.messages if message.event_id in told]


def test_the_largest_order_fits_into_one_transaction(shop, monkeypatch):
    """DynamoDB takes 100 actions: a full cart, everything else reserved, and the check are 100."""
    reserved = [f"held-{n}" for n in range(MAX_RESERVED_SKUS)]
    bought = [f"sku-{n}" for n in range(MAX_SKUS)]
    for sku in (*reserved, *bought):
        shop.memory.seed("stock", stock(sku))
    shop.deliver("commands", reserve_command(KEYED, items=[units(sku, 1) for sku in reserved]))
    sizes: list[int] = []
    transact = shop.memory.transact

    def counted(writes: Any) -> None:
        sizes.append(len(writes))
        transact(writes)

    monkeypatch.setattr(shop.memory, "transact", counted)
    items = [line(sku) for sku in bought]
    answer = shop.deliver("commands", checkout_command(items=items))

    assert answer["statusCode"] == 200
    assert len(shop.memory.all("orders")) == 1
    assert max(sizes) == 100
