"""A shopper corrects whom an order goes to: their own, until it is shipped, and never another's."""

from typing import Any, get_args
from urllib.parse import urljoin

import pytest

from functions.checkout.domain import correctable
from functions.orders.domain import Verdict, verdict_on_correction
from shared.commerce.contact import MOST_BY_CUSTOMER
from shared.contracts.statuses import OrderStatus
from shared.kernel.errors import DependencyError, PipelineError
from shared.kernel.strict_json import loads
from shared.storage.records.order import OrderRow
from tests.builders import (
    Context,
    answer_of,
    checkout_payload,
    line,
    order_row,
    request,
    stock,
    vouched,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.checkout.test_cancel import move
from tests.unit.shared.faults import Faults

ORDER_ID = order_id_for("pay-1")
STATUS_URL = f"/api/checkout/{ORDER_ID}"
EMAIL = {"customerEmail": "grace@example.org"}
NEW = {
    "customerName": "Grace Example",
    "customerEmail": "grace@example.org",
    "customerAddress": "7 Other Road, Elsewhere",
}


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


def correct(
    shop: Pipeline, body: Any = None, *, shopper: str | None = "user-1", order_id: str = ORDER_ID
) -> dict[str, Any]:
    return shop.correct(order_id, EMAIL if body is None else body, shopper=shopper)


def error_of(response: dict[str, Any]) -> tuple[int, str]:
    return response["statusCode"], answer_of(response)["error"]["code"]


def row(shop: Pipeline) -> Any:
    return shop.memory.get("orders", {"orderId": ORDER_ID})


def contact(shop: Pipeline) -> dict[str, Any]:
    return {name: row(shop)[name] for name in NEW}


def test_a_correction_is_answered_202_with_where_to_look_and_then_200(ordered):
    response = correct(ordered, NEW)

    assert response["statusCode"] == 202
    data = {"orderId": ORDER_ID, "status": "correcting", "statusUrl": STATUS_URL}
    assert answer_of(response) == {"success": True, "data": data}
    asked = f"https://api.shop.example{STATUS_URL}/contact"
    assert urljoin(asked, response["headers"]["location"]).endswith(STATUS_URL)
    ordered.drain()
    again = correct(ordered, NEW)
    assert (again["statusCode"], answer_of(again)["data"]["status"]) == (200, "corrected")
    assert len(ordered.outbox.of("order.corrected")) == 1
    assert contact(ordered) == NEW


@pytest.mark.parametrize("name", NEW)
def test_only_what_is_new_travels_with_who_and_why(ordered, name):
    correct(ordered, {**row_contact(ordered), name: f" {NEW[name]} ", "userId": "user-9"})

    (message,) = ordered.outbox.of("order.corrected")
    event = loads(message.body.encode(), max_bytes=100_000)
    assert event["source"] == "checkout-api"
    assert event["correlationId"] == row(ordered)["correlationId"]
    assert event["payload"] == {
        "orderId": ORDER_ID,
        "userId": "user-1",
        name: NEW[name],
        "reason": "corrected by the customer",
        "correctedBy": "user",
    }


def row_contact(shop: Pipeline) -> dict[str, Any]:
    return {"reason": None, **contact(shop)}


def test_a_click_again_is_the_same_event_and_another_word_is_another(ordered):
    for body in (EMAIL, EMAIL, {**EMAIL, "customerName": "Grace"}, {**EMAIL, "reason": "typo"}):
        assert correct(ordered, body)["statusCode"] == 202
    ids = [message.event_id for message in ordered.outbox.of("order.corrected")]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert {status for _, status in ordered.drain()} == {200}
    assert ordered.mailer.sent[-1].to == "grace@example.org"


def test_there_and_back_and_there_again_are_three_corrections(ordered):
    before = contact(ordered)
    for body in (NEW, before, NEW):
        assert correct(ordered, body)["statusCode"] == 202
        ordered.clock.advance(1)
        ordered.drain()

    assert contact(ordered) == NEW
    assert len({m.event_id for m in ordered.outbox.of("order.corrected")}) == 3


def test_the_id_of_a_correction_tells_nothing_of_it_without_the_key(ordered):
    """An id stands in logs; who knows an order's id must not be able to try addresses."""
    correct(ordered)
    ordered.environ["ORDER_ID_KEY"] = "another-key-of-a-stage-that-is-long-enough-0123456789"
    one = ordered.outbox.of("order.corrected")[0].event_id
    other = Pipeline()
    other.environ |= ordered.environ
    other.memory.seed("orders", row(ordered))
    other.memory.seed("checkouts", ordered.memory.all("checkouts")[0])

    assert correct(other)["statusCode"] == 202
    assert other.outbox.of("order.corrected")[0].event_id != one


def test_another_s_order_cannot_be_corrected_and_looks_like_none(ordered):
    foreign = correct(ordered, shopper="user-2")

    assert foreign["statusCode"] == 404
    assert foreign == correct(ordered, order_id=order_id_for("pay-unheard"))
    assert ordered.outbox.of("order.corrected") == []


@pytest.mark.parametrize("order_id", ["ord_1", "../ord", ORDER_ID.upper(), ORDER_ID + "0"])
def test_id_that_is_none_is_404_and_reads_nothing(ordered, order_id):
    assert error_of(correct(ordered, order_id=order_id)) == (404, "not_found")
    assert ordered.memory.calls == []


def test_strangers_correct_nothing_where_shoppers_do_not_sign_in(ordered):
    """The route does not exist there; if it did, an order's id would be all it takes."""
    ordered.environ["STOREFRONT_AUTH"] = "none"

    for shopper in (None, "user-1"):
        assert error_of(correct(ordered, shopper=shopper)) == (404, "not_found")
    assert ordered.memory.calls == []
    assert ordered.outbox.of("order.corrected") == []


def test_a_token_without_a_user_corrects_nothing(ordered):
    assert error_of(correct(ordered, shopper=None)) == (401, "sign_in_required")


def test_an_order_that_is_not_decided_or_rejected_is_409(shop):
    response = correct(shop)
    assert error_of(response) == (409, "checkout_undecided")
    assert response["headers"]["retry-after"] == "1"

    shop.memory.seed("stock", stock(available=0))
    shop.drain()

    assert error_of(correct(shop)) == (409, "checkout_rejected")
    assert shop.outbox.of("order.corrected") == []


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (["confirmed", "shipped"], "already_shipped"),
        (["confirmed", "shipped", "delivered"], "already_shipped"),
        (["cancelled"], "already_cancelled"),
    ],
)
@pytest.mark.parametrize("body", [EMAIL, {"customerName": "Ada Example"}])
def test_an_order_that_left_or_is_cancelled_is_409_whatever_is_said(ordered, steps, code, body):
    move(ordered, *steps)

    assert error_of(correct(ordered, body)) == (409, code)
    assert ordered.outbox.of("order.corrected") == []


@pytest.mark.parametrize("state", get_args(OrderStatus))
def test_the_api_promises_exactly_what_the_orders_function_will_do(state):
    order = OrderRow.from_item(order_row(status=state))
    try:
        promised = correctable("confirmed", order) is order
    except PipelineError:
        promised = False

    verdict = verdict_on_correction(order, EMAIL, EMAIL, by_customer=True)
    assert promised == (verdict is Verdict.CORRECTED)


@pytest.mark.parametrize(
    "body", [{}, {"reason": "x"}, dict.fromkeys(NEW), {"email": "a@b.example"}]
)
def test_a_correction_of_nothing_is_400_and_names_what_could_be_said(ordered, body):
    response = correct(ordered, body)

    assert error_of(response) == (400, "invalid_field")
    error = answer_of(response)["error"]
    assert [error["field"], *(other["field"] for other in error["others"])] == list(NEW)
    assert "is required" in error["rule"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customerEmail", "grace@"),
        ("customerEmail", "a@b.example,c@d.example"),
        ("customerEmail", "Grace <grace@example.org>"),
        ("customerName", ""),
        ("customerName", "Grace\r\nBcc: x@example.org"),
        ("customerName", "visit https://evil.example now"),
        ("customerName", "www.evil.example"),
        ("customerAddress", "x" * 501),
        ("customerAddress", "\u202e7 Other Road"),
        ("customerAddress", 7),
        ("reason", "x" * 501),
    ],
)
def test_a_value_that_breaks_a_rule_is_400_by_its_name(ordered, field, value):
    response = correct(ordered, {**EMAIL, field: value})

    assert error_of(response) == (400, "invalid_field")
    assert answer_of(response)["error"]["field"] == field
    assert ordered.outbox.of("order.corrected") == []


def test_a_shopper_s_corrections_of_one_order_come_to_an_end(ordered):
    for number in range(MOST_BY_CUSTOMER):
        assert correct(ordered, {"customerEmail": f"n{number}@example.org"})["statusCode"] == 202
        ordered.clock.advance(1)
        ordered.drain()

    assert error_of(correct(ordered, EMAIL)) == (409, "corrections_used")
    last = {"customerEmail": f"n{MOST_BY_CUSTOMER - 1}@example.org"}
    assert correct(ordered, last)["statusCode"] == 200


def test_many_corrections_at_once_are_no_more_than_a_few(ordered):
    """All of them are promised before the first one is decided."""
    for number in range(3 * MOST_BY_CUSTOMER):
        assert correct(ordered, {"customerEmail": f"n{number}@example.org"})["statusCode"] == 202
        ordered.clock.advance(1)
    before = len(ordered.mailer.sent)

    assert {status for _, status in ordered.drain()} == {200}

    assert len(ordered.mailer.sent) - before == 2 * MOST_BY_CUSTOMER
    assert row(ordered)["customerCorrections"] == MOST_BY_CUSTOMER


@pytest.mark.parametrize("steps", [[], ["confirmed"], ["confirmed", "processing"]])
def test_a_shipment_that_comes_between_promise_and_decision_wins(ordered, steps):
    move(ordered, *steps)
    before = contact(ordered)
    correct(ordered, NEW)
    (correction,) = ordered.outbox.of("order.corrected")

    ordered._delivered = len(ordered.outbox.messages)
    move(ordered, *(["shipped"] if steps else ["confirmed", "shipped"]))
    assert ordered.send(correction)["statusCode"] == 200

    assert contact(ordered) == before
    assert row(ordered)["timeline"][-1]["verdict"] == "late"
    assert error_of(correct(ordered, NEW)) == (409, "already_shipped")


def test_the_checkout_is_repeated_with_what_it_said_at_first(ordered):
    correct(ordered, NEW)
    ordered.drain()
    first = checkout_payload(items=[line(quantity=2)])

    assert ordered.checkout(first, shopper="user-1")["statusCode"] == 202
    response = ordered.checkout({**first, **NEW}, shopper="user-1")
    assert error_of(response) == (409, "payment_reused")
    ordered.drain()
    assert len(ordered.memory.all("orders")) == 1
    assert contact(ordered) == NEW


def test_qstash_that_does_not_take_it_is_503_and_repeating_is_harmless(ordered):
    ordered.outbox.failing = True
    assert error_of(correct(ordered)) == (503, "publish_failed")
    assert "CorrectionsAccepted" not in ordered.telemetry.counts
    ordered.outbox.failing = False
    ordered.outbox.failing_after_effect = True
    assert correct(ordered)["statusCode"] == 503
    ordered.outbox.failing_after_effect = False

    assert correct(ordered)["statusCode"] == 202
    ordered.drain()

    assert row(ordered)["customerEmail"] == "grace@example.org"
    assert [m.template_id for m in ordered.mailer.sent].count("order-corrected") == 1


def test_a_store_that_does_not_answer_is_503_and_nothing_is_published(ordered):
    faults = Faults({(0, "before"): lambda: DependencyError("DynamoDB: timeout")})
    ordered.tables = faults.wrap("tables", ordered.memory)

    assert error_of(correct(ordered)) == (503, "dependency_unavailable")
    assert ordered.outbox.of("order.corrected") == []


def test_correcting_reads_once_writes_nothing_and_publishes_last(ordered):
    faults = Faults()
    ordered.tables = faults.wrap("tables", ordered.memory)
    ordered.publisher = faults.wrap("publisher", ordered.outbox)

    correct(ordered)

    assert faults.calls == ["tables.get_many", "publisher.publish"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_correcting_takes_a_post(ordered, method):
    call = request(b"{}", path=f"{STATUS_URL}/contact", method=method)
    call["pathParameters"] = {"orderId": ORDER_ID}

    response = ordered._api()(vouched(call, "user-1"), Context())

    assert error_of(response) == (405, "method_not_allowed")


def test_the_log_says_which_order_and_no_word_of_the_contact(ordered):
    correct(ordered, {**NEW, "reason": "canary"})
    ordered.drain()

    (fields,) = [f for m, f in ordered.telemetry.lines if m == "Published order.corrected"]
    assert fields["order_id"] == ORDER_ID
    told = str(ordered.telemetry.lines)
    assert not any(value in told for value in (*NEW.values(), "canary"))
