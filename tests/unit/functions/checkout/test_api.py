"""Taking carts: checked against the catalogue, accepted durably, answered once and the same."""

import threading
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

import pytest

from shared.contracts.envelope import JsonObject
from shared.kernel.errors import DependencyError
from shared.kernel.ids import checkout_event_id_for
from shared.kernel.strict_json import loads
from tests.builders import answer_of, checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("bowl", price=20))
    return pipeline


def command(shop: Pipeline) -> JsonObject:
    """The payload of the only command published."""
    (message,) = shop.outbox.messages
    values: JsonObject = loads(message.body.encode(), max_bytes=100_000)
    return values


def test_valid_cart_is_answered_202_with_where_to_look(shop):
    response = shop.checkout(checkout_payload())

    url = f"/api/checkout/{ORDER_ID}"
    assert response["statusCode"] == 202
    assert answer_of(response) == {
        "success": True,
        "data": {
            "paymentId": "pay-1",
            "orderId": ORDER_ID,
            "status": "accepted",
            "statusUrl": url,
        },
    }
    assert urljoin(
        "https://api.shop.example/api/checkout", response["headers"]["location"]
    ).endswith(f"shop.example{url}")
    assert int(response["headers"]["retry-after"]) >= 1


def test_command_is_published_after_it_is_stored(shop):
    faults = Faults()
    shop.tables = faults.wrap("tables", shop.memory)
    shop.publisher = faults.wrap("publisher", shop.outbox)

    shop.checkout(checkout_payload())

    assert faults.calls == ["tables.get_many", "tables.transact", "publisher.publish"]
    assert command(shop)["eventId"] == checkout_event_id_for("pay-1")
    assert command(shop)["source"] == "checkout-api"


def test_prices_and_names_of_the_command_are_the_catalogues(shop):
    shop.checkout(checkout_payload(items=[line(productName="Free mug", productId="mug")]))

    assert command(shop)["payload"]["items"] == [
        {"productId": "mug", "quantity": 1, "price": Decimal("12.5"), "productName": "Mug"}
    ]


def test_lines_of_one_product_are_merged(shop):
    items = [line(quantity=2), line("bowl", price=20), line(quantity=3)]

    assert shop.checkout(checkout_payload(items=items))["statusCode"] == 202

    lines = [(i["productId"], i["quantity"]) for i in command(shop)["payload"]["items"]]
    assert lines == [("mug", 5), ("bowl", 1)]


def test_fields_that_only_the_shop_may_set_are_ignored(shop):
    body = checkout_payload(
        items=[line(available=99, reserved=True)],
        status="CONFIRMED",
        orderId="ord_evil",
        isAdmin=True,
        eventId="evt-evil",
        total=0,
    )

    response = shop.checkout(body)

    assert answer_of(response)["data"]["orderId"] == ORDER_ID
    assert answer_of(response)["data"]["status"] == "accepted"
    assert set(command(shop)["payload"]) == set(checkout_payload())
    assert command(shop)["eventId"] == checkout_event_id_for("pay-1")


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"items": [line(price=Decimal("0.00"))]}, "items[0].price", "12.50"),
        ({"items": [line(price=Decimal("12.49"))]}, "items[0].price", "12.50"),
        ({"items": [line(), line("bowl", price=19)]}, "items[1].price", "20.00"),
        ({"totalAmount": 0}, "totalAmount", "12.50"),
        ({"totalAmount": Decimal("12.51")}, "totalAmount", "12.50"),
        ({"items": [line(quantity=2)], "totalAmount": Decimal("12.50")}, "totalAmount", "25.00"),
    ],
)
def test_tampered_amount_is_409_and_names_the_right_one(shop, changes, field, expected):
    response = shop.checkout(checkout_payload(**changes))

    error = answer_of(response)["error"]
    assert (response["statusCode"], error["code"]) == (409, "price_changed")
    assert (error["field"], error["expected"]) == (field, expected)
    assert shop.memory.all("checkouts") == []
    assert shop.outbox.messages == []


def test_more_than_there_is_is_409_and_names_how_many_there_are(shop):
    response = shop.checkout(checkout_payload(items=[line(quantity=6), line(quantity=5)]))

    error = answer_of(response)["error"]
    assert (response["statusCode"], error["code"]) == (409, "out_of_stock")
    assert (error["field"], error["sku"], error["available"]) == ("items[0].quantity", "mug", "10")
    assert shop.outbox.messages == []


def test_repeated_request_gives_the_stored_answer_and_sends_the_same_command_again(shop):
    first, second = shop.checkout(checkout_payload()), shop.checkout(checkout_payload())

    assert first == second
    assert shop.outbox.messages[0] == shop.outbox.messages[1]
    assert len(shop.memory.all("checkouts")) == 1


def test_repeated_request_after_the_decision_sends_nothing(shop):
    shop.checkout(checkout_payload())
    shop.drain()
    sent = len(shop.outbox.messages)

    response = shop.checkout(checkout_payload())

    assert answer_of(response)["data"]["status"] == "confirmed"
    assert len(shop.outbox.messages) == sent


def test_repeated_request_is_the_same_cart_in_any_spelling(shop):
    two = [line(quantity=1), line("bowl", price=20), line(quantity=1)]
    other = [line("bowl", price=Decimal("20.00")), line(quantity=2)]

    assert shop.checkout(checkout_payload(items=two))["statusCode"] == 202
    assert shop.checkout(checkout_payload(items=other))["statusCode"] == 202
    assert len(shop.memory.all("checkouts")) == 1


def test_repeated_request_keeps_the_price_that_was_accepted(shop):
    shop.checkout(checkout_payload())
    shop.memory.seed("stock", stock(price=99))

    assert shop.checkout(checkout_payload())["statusCode"] == 202
    assert shop.drain()[0] == ("command.checkout", 200)
    (order,) = shop.memory.all("orders")
    assert order["totalAmount"] == Decimal("12.5")


@pytest.mark.parametrize(
    "other",
    [
        {"items": [line(quantity=2)]},
        {"items": [line("bowl", price=20)]},
        {"userId": "user-2"},
    ],
)
@pytest.mark.parametrize("decided", [False, True])
def test_payment_of_another_cart_is_409_and_the_first_stays(shop, other, decided):
    shop.checkout(checkout_payload())
    if decided:
        shop.drain()
    before = (shop.memory.all("checkouts"), shop.outbox.ids())

    response = shop.checkout(checkout_payload(**other))

    assert response["statusCode"] == 409
    assert answer_of(response)["error"]["code"] == "payment_reused"
    assert (shop.memory.all("checkouts"), shop.outbox.ids()) == before


@pytest.mark.parametrize("same", [True, False])
def test_two_requests_of_one_payment_at_once_store_one_checkout(shop, same):
    """The second request runs whole between the first one's reading and writing."""
    answers: list[dict[str, Any]] = []
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact" and not answers:
            faults.watch = lambda _: None
            items = [line(quantity=1 if same else 2)]
            answers.append(shop.checkout(checkout_payload(items=items)))

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    late = shop.checkout(checkout_payload())

    assert answers[0]["statusCode"] == 202
    assert late["statusCode"] == (202 if same else 409)
    assert len(shop.memory.all("checkouts")) == 1
    assert len(set(shop.outbox.ids())) == 1


def test_twenty_shoppers_threads_with_one_payment_get_one_answer(shop):
    answers: list[dict[str, Any]] = []
    gate = threading.Barrier(20)

    def post() -> None:
        gate.wait()
        answers.append(shop.checkout(checkout_payload()))

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({str(answer) for answer in answers}) == 1
    assert len(shop.memory.all("checkouts")) == 1
    assert len(set(shop.outbox.ids())) == 1


def test_checkout_that_could_not_be_published_is_still_accepted_and_owed(shop):
    """The command is stored with it, and the reconciler looks for what is owed (I5)."""
    shop.outbox.failing = True

    assert shop.checkout(checkout_payload())["statusCode"] == 202

    (row,) = shop.memory.all("checkouts")
    assert row["status"] == "accepted"
    assert "pendingShard" in row
    assert shop.telemetry.counts["CheckoutsUnpublished"] == 1


@pytest.mark.parametrize(("call", "moment"), [(0, "before"), (1, "before"), (1, "after")])
def test_store_that_does_not_answer_is_503_and_repeating_is_safe(shop, call, moment):
    faults = Faults({(call, moment): lambda: DependencyError("DynamoDB: timeout")})
    shop.tables = faults.wrap("tables", shop.memory)

    response = shop.checkout(checkout_payload())

    assert response["statusCode"] == 503
    assert int(response["headers"]["retry-after"]) >= 1
    assert shop.checkout(checkout_payload())["statusCode"] == 202
    assert len(shop.memory.all("checkouts")) == 1
    assert len(shop.outbox.messages) == 1


def test_bug_is_500_and_says_nothing(shop):
    faults = Faults({(0, "before"): lambda: RuntimeError("canary")})
    shop.tables = faults.wrap("tables", shop.memory)

    response = shop.checkout(checkout_payload())

    assert response["statusCode"] == 500
    assert "canary" not in response["body"]


def test_correlation_id_of_the_caller_travels_with_every_event(shop):
    shop.checkout(checkout_payload(), headers={"X-Correlation-ID": "cart:42"})
    shop.drain()

    assert {message.correlation_id for message in shop.outbox.messages} == {"cart:42"}


def test_without_a_correlation_id_every_event_of_a_checkout_shares_one(shop):
    shop.checkout(checkout_payload())
    shop.drain()

    assert len({message.correlation_id for message in shop.outbox.messages}) == 1
