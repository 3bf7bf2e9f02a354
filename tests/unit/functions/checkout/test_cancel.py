"""A customer's cancellation: promised only about an order that exists, and only once QStash has it."""

from decimal import Decimal
from typing import Any, get_args
from urllib.parse import urljoin

import pytest

from functions.checkout.domain import is_worth_cancelling
from functions.orders.domain import Verdict, verdict_on
from shared.contracts.statuses import OrderStatus
from shared.kernel.errors import DependencyError, PipelineError
from shared.kernel.ids import cancellation_event_id_for, caused_event_id
from shared.kernel.strict_json import loads
from tests.builders import (
    Context,
    answer_of,
    checkout_payload,
    envelope,
    line,
    request,
    stock,
    vouched,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

ORDER_ID = order_id_for("pay-1")
STATUS_URL = f"/api/checkout/{ORDER_ID}"


@pytest.fixture
def shop() -> Pipeline:
    """A shop whose shoppers sign in; one of them has checked out, undecided yet."""
    pipeline = Pipeline()
    pipeline.sign_in()
    pipeline.memory.seed("stock", stock(threshold=0))
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]), shopper="user-1")
    return pipeline


@pytest.fixture
def ordered(shop: Pipeline) -> Pipeline:
    """The same shop, the order placed."""
    shop.drain()
    shop.memory.calls.clear()
    return shop


def cancel(shop: Pipeline, body: Any = b"{}", *, shopper: str = "user-1") -> dict[str, Any]:
    return shop.cancel(ORDER_ID, body, shopper=shopper)


def move(shop: Pipeline, *steps: str) -> None:
    """Take the order along its life."""
    order = shop.memory.get("orders", {"orderId": ORDER_ID})
    assert order is not None
    names = ("orderId", "userId", "customerName", "customerEmail", "customerAddress", "totalAmount")
    payload = {name: order[name] for name in names} | {
        "items": [line(quantity=2)],
        "status": "CANCELLED",
        "deliveredAt": "2026-03-02T12:00:00Z",
        "reason": "damaged",
        "cancelledBy": "admin",
    }
    for step in steps:
        event = envelope(f"order.{step}", payload, eventId=f"evt-{step}")
        assert shop.deliver("orders", event)["statusCode"] == 200
    shop.drain()


def error_of(response: dict[str, Any]) -> tuple[int, str]:
    return response["statusCode"], answer_of(response)["error"]["code"]


def row(shop: Pipeline) -> Any:
    return shop.memory.get("orders", {"orderId": ORDER_ID})


def test_cancellation_is_answered_202_with_where_to_look(ordered):
    response = cancel(ordered)

    assert response["statusCode"] == 202
    assert answer_of(response) == {
        "success": True,
        "data": {"orderId": ORDER_ID, "status": "cancelling", "statusUrl": STATUS_URL},
    }
    asked = f"https://api.shop.example{STATUS_URL}/cancel"
    assert (
        urljoin(asked, response["headers"]["location"]) == f"https://api.shop.example{STATUS_URL}"
    )
    assert int(response["headers"]["retry-after"]) >= 1


def test_order_is_cancelled_and_stock_and_money_go_back(ordered):
    cancel(ordered)
    ordered.drain()

    assert row(ordered)["status"] == "CANCELLED"
    assert ordered.memory.all("stock")[0]["available"] == 10
    assert len(ordered.outbox.of("order.refund.requested")) == 1
    assert answer_of(ordered.status(ORDER_ID, shopper="user-1"))["data"] == {
        "orderId": ORDER_ID,
        "status": "confirmed",
        "orderStatus": "CANCELLED",
    }


def test_event_tells_of_the_order_as_stored_and_who_cancelled(ordered):
    cancel(ordered, {"reason": "ordered the wrong size", "cancelledBy": "admin", "items": []})

    (message,) = ordered.outbox.of("order.cancelled")
    event = loads(message.body.encode(), max_bytes=100_000)
    assert event["source"] == "checkout-api"
    assert event["correlationId"] == row(ordered)["correlationId"]
    assert event["payload"]["reason"] == "ordered the wrong size"
    assert event["payload"]["cancelledBy"] == "user"
    assert event["payload"]["totalAmount"] == Decimal(25)
    assert event["payload"]["items"] == [
        {"productId": "mug", "quantity": 2, "price": Decimal("12.5"), "productName": "Mug"}
    ]


@pytest.mark.parametrize("body", [b"{}", {"reason": None}, {"comment": "x"}])
def test_reason_may_be_left_out(ordered, body):
    cancel(ordered, body)
    ordered.drain()

    assert row(ordered)["timeline"][-1]["reason"] == "cancelled by the customer"


def test_a_reason_typed_in_lines_is_kept_as_one(ordered):
    cancel(ordered, {"reason": "wrong size\r\n\r\nsorry \n"})
    ordered.drain()

    assert row(ordered)["timeline"][-1]["reason"] == "wrong size, sorry"


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "a\x00b", "a\u202eb", 7, True, ["x"]])
def test_reason_that_breaks_the_contract_is_named_and_nothing_is_published(ordered, reason):
    response = cancel(ordered, {"reason": reason})

    assert error_of(response) == (400, "invalid_field")
    assert answer_of(response)["error"]["field"] == "reason"
    assert ordered.outbox.of("order.cancelled") == []


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_what_a_browser_may_send_across_origins_unasked_cancels_nothing(ordered, content_type):
    response = ordered.cancel(ORDER_ID, headers={"content-type": content_type}, shopper="user-1")

    assert error_of(response) == (415, "unsupported_media_type")
    assert ordered.outbox.of("order.cancelled") == []


def test_every_further_click_is_the_same_event_to_the_letter(ordered):
    """Also when the order has moved in between: one id never says two things (I29)."""
    assert cancel(ordered, {"reason": "a"})["statusCode"] == 202
    ordered.memory.seed("orders", {**row(ordered), "status": "CONFIRMED"})
    ordered.clock.advance(5)
    assert cancel(ordered, {"reason": "a"})["statusCode"] == 202

    sent = ordered.outbox.of("order.cancelled")
    first, second = (loads(m.body.encode(), max_bytes=9_999) for m in sent)
    assert first["eventId"] == second["eventId"] == cancellation_event_id_for(ORDER_ID)
    assert first["payload"] == second["payload"]


def test_clicks_with_other_reasons_are_the_same_event_and_the_first_reason_counts(ordered):
    for reason in ("a", "b", "c"):
        assert cancel(ordered, {"reason": reason})["statusCode"] == 202
    ordered.redis.down = True
    assert {status for _, status in ordered.drain()} == {200}

    ids = {message.event_id for message in ordered.outbox.of("order.cancelled")}
    assert ids == {cancellation_event_id_for(ORDER_ID)}
    told = [e for e in row(ordered)["timeline"] if e["type"] == "order.cancelled"]
    assert [(entry["reason"], entry["verdict"]) for entry in told] == [("a", "applied")]
    assert ordered.memory.all("stock")[0]["available"] == 10
    assert len(ordered.outbox.of("order.refund.requested")) == 1


def test_event_id_of_a_cancellation_is_no_other_event_s():
    ids = {cancellation_event_id_for(order_id_for(f"pay-{n}")) for n in range(100)}

    assert len(ids) == 100
    assert caused_event_id(ORDER_ID, "order.cancelled", 0) not in ids


def test_another_s_order_cannot_be_cancelled_and_looks_like_none(ordered):
    foreign = cancel(ordered, shopper="user-2")

    assert foreign["statusCode"] == 404
    assert foreign == ordered.cancel(order_id_for("pay-unheard"), shopper="user-2")
    assert foreign == ordered.status(ORDER_ID, shopper="user-2")
    assert ordered.outbox.of("order.cancelled") == []


@pytest.mark.parametrize("order_id", ["ord_1", "../ord", ORDER_ID.upper(), ORDER_ID + "0", "{{1}}"])
def test_id_that_is_none_is_404_and_reads_nothing(ordered, order_id):
    response = ordered.cancel(order_id, shopper="user-1")

    assert error_of(response) == (404, "not_found")
    assert ordered.memory.calls == []


def test_strangers_cancel_nothing_where_nobody_signs_in(ordered):
    """The route does not exist there; if it did, an order's id would be all it takes."""
    ordered.environ["STOREFRONT_AUTH"] = "none"

    for shopper in (None, "user-1"):
        response = ordered.cancel(ORDER_ID, shopper=shopper)
        assert error_of(response) == (404, "not_found")
    assert ordered.memory.calls == []
    assert ordered.outbox.of("order.cancelled") == []


def test_checkout_that_is_undecided_is_409_with_when_to_ask_again(shop):
    """An event about an order that is not there yet would be refused for good, and the promise lost."""
    response = cancel(shop)

    assert error_of(response) == (409, "checkout_undecided")
    assert response["headers"]["retry-after"] == "1"
    assert shop.outbox.of("order.cancelled") == []
    shop.drain()
    assert cancel(shop)["statusCode"] == 202


def test_checkout_whose_order_is_not_seen_yet_is_undecided(ordered):
    """The two rows are read one after the other: the commit may lie between."""
    checkout = ordered.memory.all("checkouts")[0]
    torn = Pipeline()
    torn.sign_in()
    torn.memory.seed("checkouts", checkout)

    assert error_of(cancel(torn)) == (409, "checkout_undecided")
    status = answer_of(torn.status(ORDER_ID, shopper="user-1"))["data"]
    assert status == {"orderId": ORDER_ID, "status": "confirmed"}


def test_order_shows_once_its_checkout_is_confirmed(ordered):
    """Read the other way round, the order is there before its checkout says so."""
    checkout, order = ordered.memory.all("checkouts")[0], row(ordered)
    torn = Pipeline()
    torn.sign_in()
    torn.memory.seed("checkouts", {**checkout, "status": "accepted"})
    torn.memory.seed("orders", order)

    status = answer_of(torn.status(ORDER_ID, shopper="user-1"))["data"]
    assert status == {"orderId": ORDER_ID, "status": "accepted"}
    assert cancel(torn)["statusCode"] == 202


def test_rejected_checkout_has_nothing_to_cancel(shop):
    shop.memory.seed("stock", stock(available=0))
    shop.drain()

    assert error_of(cancel(shop)) == (409, "checkout_rejected")
    assert len(shop.outbox.of("order.refund.requested")) == 1


@pytest.mark.parametrize("steps", [["confirmed", "shipped"], ["confirmed", "shipped", "delivered"]])
def test_order_that_left_is_409_and_stays_as_it_is(ordered, steps):
    move(ordered, *steps)

    assert error_of(cancel(ordered)) == (409, "already_shipped")
    assert ordered.outbox.of("order.cancelled") == []


def test_cancelled_order_is_200_and_nothing_is_published(ordered):
    move(ordered, "cancelled")

    response = cancel(ordered)

    assert response["statusCode"] == 200
    assert answer_of(response)["data"] == {
        "orderId": ORDER_ID,
        "status": "cancelled",
        "statusUrl": STATUS_URL,
    }
    assert "retry-after" not in response["headers"]
    assert ordered.outbox.of("order.cancelled") == []


@pytest.mark.parametrize("state", get_args(OrderStatus))
def test_the_api_promises_exactly_what_the_orders_function_will_do(state):
    """Two functions, one table of transitions: they must not drift apart."""
    try:
        promised = is_worth_cancelling("confirmed", state)
    except PipelineError:
        promised = False

    assert promised == (verdict_on("order.cancelled", state) is Verdict.APPLIED)


@pytest.mark.parametrize("steps", [[], ["confirmed"], ["confirmed", "processing"]])
def test_shipment_that_comes_between_promise_and_decision_wins(ordered, steps):
    move(ordered, *steps)
    cancel(ordered)
    (cancellation,) = ordered.outbox.of("order.cancelled")
    move_on = ["shipped"] if steps else ["confirmed", "shipped"]

    ordered._delivered = len(ordered.outbox.messages)
    move(ordered, *move_on)
    assert ordered.send(cancellation)["statusCode"] == 200

    assert row(ordered)["status"] == "SHIPPED"
    assert row(ordered)["timeline"][-1]["verdict"] == "late"
    assert ordered.outbox.of("order.refund.requested") == []
    status = answer_of(ordered.status(ORDER_ID, shopper="user-1"))["data"]
    assert status["orderStatus"] == "SHIPPED"


def test_qstash_that_does_not_take_it_is_503_and_nothing_is_promised(ordered):
    ordered.outbox.failing = True

    response = cancel(ordered)

    assert error_of(response) == (503, "publish_failed")
    assert int(response["headers"]["retry-after"]) >= 1
    assert "CancellationsAccepted" not in ordered.telemetry.counts
    ordered.outbox.failing = False
    assert cancel(ordered)["statusCode"] == 202
    ordered.drain()
    assert row(ordered)["status"] == "CANCELLED"


def test_cancellation_whose_reply_was_lost_is_repeated_harmlessly(ordered):
    ordered.outbox.failing_after_effect = True
    assert cancel(ordered)["statusCode"] == 503
    ordered.outbox.failing_after_effect = False

    assert cancel(ordered)["statusCode"] == 202
    ordered.drain()

    assert row(ordered)["status"] == "CANCELLED"
    assert len(ordered.outbox.of("order.refund.requested")) == 1


def test_store_that_does_not_answer_is_503_and_nothing_is_published(ordered):
    faults = Faults({(0, "before"): lambda: DependencyError("DynamoDB: timeout")})
    ordered.tables = faults.wrap("tables", ordered.memory)

    response = cancel(ordered)

    assert error_of(response) == (503, "dependency_unavailable")
    assert int(response["headers"]["retry-after"]) >= 1
    assert ordered.outbox.of("order.cancelled") == []


def test_cancelling_reads_once_writes_nothing_and_publishes_last(ordered):
    faults = Faults()
    ordered.tables = faults.wrap("tables", ordered.memory)
    ordered.publisher = faults.wrap("publisher", ordered.outbox)

    cancel(ordered)

    assert faults.calls == ["tables.get_many", "publisher.publish"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_cancelling_takes_a_post(ordered, method):
    call = request(b"{}", path=f"{STATUS_URL}/cancel", method=method)
    call["pathParameters"] = {"orderId": ORDER_ID}

    response = ordered._api()(vouched(call, "user-1"), Context())

    assert error_of(response) == (405, "method_not_allowed")


def test_log_says_which_order_and_not_why(ordered):
    cancel(ordered, {"reason": "canary, it is for my neighbour"})

    (fields,) = [f for m, f in ordered.telemetry.lines if m == "Published order.cancelled"]
    assert fields["order_id"] == ORDER_ID
    assert "canary" not in str(ordered.telemetry.lines)
