"""What is stored of an order wins over whatever an event says of it (S31)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import answer_of, checkout_payload, envelope, line, order_row, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.orders.test_lifecycle import step

ORDER_ID = order_id_for("pay-1")
# Two mugs at 12.50 that user-1 paid for with pay-1.
TRUE = {"paymentId": "pay-1", "userId": "user-1", "amount": Decimal("25.00")}
LIES = [
    {"paymentId": "pay-of-another"},
    {"userId": "user-of-another"},
    {"amount": Decimal("25.01")},
    {"amount": Decimal("0.00")},
    {"amount": Decimal("99999999.99")},
    {"paymentId": "pay-of-another", "userId": "user-of-another", "amount": Decimal("1.00")},
]


def shop_with(available: int) -> Pipeline:
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.memory.seed("stock", stock(available=available))
    return shop


def ordered(status: str = "PENDING") -> Pipeline:
    """A shop with one order, in this state."""
    shop = shop_with(available=10)
    shop.drain()
    row: Any = shop.memory.get("orders", {"orderId": ORDER_ID})
    shop.memory.seed("orders", {**row, "status": status})
    return shop


def decided_only(shop: Pipeline) -> None:
    """The command is handled, and nothing that it emitted arrived."""
    (command,) = shop.outbox.of("command.checkout")
    assert shop.send(command)["statusCode"] == 200


def refund(event_id: str = "evt-refund", **changes: Any) -> dict[str, Any]:
    payload = {"orderId": ORDER_ID, "reason": "cancelled", **TRUE, **changes}
    return envelope("order.refund.requested", payload, eventId=event_id)


def checkout(shop: Pipeline) -> Any:
    return shop.memory.get("checkouts", {"orderId": ORDER_ID})


def refusal(response: dict[str, Any]) -> tuple[int, str]:
    return response["statusCode"], answer_of(response).get("error", {}).get("code", "")


def named(response: dict[str, Any]) -> set[str]:
    error = answer_of(response)["error"]
    return {error["field"], *(other["field"] for other in error.get("others", ()))}


@pytest.mark.parametrize("lie", LIES)
def test_a_refund_of_other_money_than_was_paid_is_refused_by_name_and_changes_nothing(lie):
    """Of a rejected checkout, whose own request is still on its way and arrives after the lie."""
    shop = shop_with(available=0)
    decided_only(shop)
    before = checkout(shop)

    response = shop.deliver("orders", refund(**lie))

    assert refusal(response) == (489, "contradicts_order")
    assert named(response) == {f"payload.{name}" for name in lie}
    assert checkout(shop) == before
    shop.drain()
    row = checkout(shop)
    assert (row["paymentId"], row["refundAmount"], row["refundReason"]) == (
        "pay-1",
        Decimal("25.00"),
        "out_of_stock",
    )


@pytest.mark.parametrize("lie", LIES)
def test_a_refund_of_a_cancelled_order_says_what_the_order_says_or_is_refused(lie):
    shop = ordered("CANCELLED")

    response = shop.deliver("orders", refund(**lie))

    assert refusal(response) == (489, "contradicts_order")
    assert named(response) == {f"payload.{name}" for name in lie}
    assert "refundStatus" not in checkout(shop)


def test_a_lie_after_the_true_refund_is_refused_too():
    shop = shop_with(available=0)
    shop.drain()
    before = checkout(shop)

    response = shop.deliver("orders", refund(paymentId="pay-of-another"))

    assert refusal(response) == (489, "contradicts_order")
    assert checkout(shop) == before


@pytest.mark.parametrize("status", ["PENDING", "CONFIRMED", "PROCESSING"])
def test_no_money_goes_back_for_an_order_until_it_is_cancelled(status):
    shop = ordered(status)

    assert refusal(shop.deliver("orders", refund())) == (503, "awaiting_predecessor")
    assert "refundStatus" not in checkout(shop)

    row: Any = shop.memory.get("orders", {"orderId": ORDER_ID})
    shop.memory.seed("orders", {**row, "status": "CANCELLED"})
    assert refusal(shop.deliver("orders", refund(), retried=1)) == (200, "")
    assert checkout(shop)["refundAmount"] == Decimal("25.00")


@pytest.mark.parametrize("status", ["SHIPPED", "DELIVERED"])
def test_no_money_goes_back_for_an_order_that_left(status):
    shop = ordered(status)

    assert refusal(shop.deliver("orders", refund())) == (489, "already_shipped")
    assert "refundStatus" not in checkout(shop)


def test_the_reason_of_a_refund_is_the_one_that_is_stored():
    shop = shop_with(available=0)
    decided_only(shop)

    assert refusal(shop.deliver("orders", refund(reason="price_changed"))) == (200, "")

    assert checkout(shop)["refundReason"] == "out_of_stock"


def test_a_refund_of_a_rejection_from_before_amounts_were_kept_is_not_lost():
    """Its row tells neither user nor amount: then the event is all that is known of them."""
    shop = Pipeline()
    row = {"orderId": ORDER_ID, "paymentId": "pay-1", "status": "rejected"}
    shop.memory.seed("checkouts", {**row, "reason": "out_of_stock", "skus": ["mug"]})

    lie = shop.deliver("orders", refund("evt-lie", paymentId="pay-of-another"))
    assert named(lie) == {"payload.paymentId"}
    assert refusal(shop.deliver("orders", refund())) == (200, "")
    assert checkout(shop)["refundAmount"] == Decimal("25.00")


def rejection(**changes: Any) -> dict[str, Any]:
    payload = {
        **checkout_payload(items=[line(quantity=2)]),
        "orderId": ORDER_ID,
        "reason": "out_of_stock",
        **changes,
    }
    return envelope("order.rejected", payload, eventId="evt-rejection")


def test_a_rejection_is_not_noted_with_a_checkout_that_was_confirmed():
    shop = ordered()
    before = checkout(shop)

    response = shop.deliver("orders", rejection())

    assert (refusal(response), named(response)) == (
        (489, "contradicts_order"),
        {"payload.orderId"},
    )
    assert checkout(shop) == before


@pytest.mark.parametrize("lie", [{"paymentId": "pay-2"}, {"userId": "user-2"}])
def test_a_rejection_of_another_payment_or_user_is_refused(lie):
    shop = shop_with(available=0)
    decided_only(shop)
    before = checkout(shop)

    response = shop.deliver("orders", rejection(**lie))

    assert refusal(response) == (489, "contradicts_order")
    assert named(response) == {f"payload.{name}" for name in lie}
    assert checkout(shop) == before


def audited(shop: Pipeline, action: str) -> list[dict[str, Any]]:
    entries: Any = shop.memory.all("audit")
    return [entry for entry in entries if entry["action"] == action]


STEPS_TAKEN = ["order.confirmed", "order.shipped", "order.cancelled"]


@pytest.mark.parametrize("kind", STEPS_TAKEN)
def test_a_step_that_names_another_user_is_taken_as_stored_and_the_audit_trail_says_so(kind):
    """Refused, a parcel that left would stay unknown: what the event says of the order is left
    aside, as every other word of it, and whoever looks after the orders can see it."""
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    shop.memory.seed(
        "orders", order_row(status="CONFIRMED" if kind != STEPS_TAKEN[0] else "PENDING")
    )

    response = shop.deliver(
        "orders", step(kind, userId="user-of-another", customerEmail="x@y.example")
    )

    assert response["statusCode"] == 200
    shop.drain()
    (entry,) = audited(shop, kind)
    assert entry["userId"] == "user-1"
    assert entry["metadata"]["contradicts"] == "userId"
    assert {mail.to for mail in shop.mailer.sent} <= {"ada@example.com"}


def test_a_step_that_names_the_order_s_user_is_audited_without_a_remark():
    shop = Pipeline()
    shop.memory.seed("orders", order_row())

    shop.deliver("orders", step("order.confirmed"))
    shop.drain()

    (entry,) = audited(shop, "order.confirmed")
    assert "contradicts" not in entry.get("metadata", {})
