"""Where checkouts are open: what one order and one caller may take, and no more (S37)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.checkout.allowance import network_of
from tests.builders import Context, answer_of, body_of, checkout_payload, line, request, stock
from tests.pipeline import Pipeline

HOME = "203.0.113.7"


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=1000))
    pipeline.environ |= {"MAX_UNITS_PER_ORDER": "10", "UNITS_PER_ADDRESS_HOUR": "12"}
    return pipeline


def order(shop: Pipeline, payment: str, units: int, caller: str | None = HOME) -> dict[str, Any]:
    body = body_of(checkout_payload(paymentId=payment, items=[line(quantity=units)]))
    call = request(body, path="/api/checkout")
    if caller is not None:
        call["requestContext"]["http"]["sourceIp"] = caller
    return shop._api()(call, Context())


def test_an_order_of_too_many_units_is_refused_by_field_and_rule(shop):
    answer = order(shop, "pay-1", 11)

    assert answer["statusCode"] == 400
    error = answer_of(answer)["error"]
    assert (error["field"], error["rule"]) == ("items", "must be at most 10 units in all")
    assert not shop.memory.all("checkouts")
    assert not shop.memory.all("allowances")
    assert order(shop, "pay-2", 10)["statusCode"] == 202


def test_units_of_several_products_add_up(shop):
    shop.memory.seed("stock", stock("cup", available=50))
    body = body_of(checkout_payload(items=[line(quantity=6), line("cup", quantity=5)]))

    assert shop.checkout(body)["statusCode"] == 400


def test_one_caller_orders_so_many_units_an_hour_and_the_next_hour_again(shop):
    shop.clock.advance(20 * 60)  # twenty past
    assert order(shop, "pay-1", 8)["statusCode"] == 202

    answer = order(shop, "pay-2", 5)

    assert answer["statusCode"] == 429
    assert answer["headers"]["retry-after"] == str(40 * 60)
    assert answer_of(answer)["error"]["code"] == "allowance_used"
    assert len(shop.memory.all("checkouts")) == 1
    assert order(shop, "pay-3", 4)["statusCode"] == 202
    shop.clock.advance(40 * 60)
    assert order(shop, "pay-2", 5)["statusCode"] == 202


def test_a_repeated_request_counts_once_and_is_answered_when_nothing_is_left(shop):
    answers = [order(shop, "pay-1", 10) for _ in range(5)]

    assert {answer["statusCode"] for answer in answers} == {202}
    assert [row["units"] for row in shop.memory.all("allowances")] == [10]
    assert order(shop, "pay-2", 3)["statusCode"] == 429
    assert order(shop, "pay-1", 10)["statusCode"] == 202


def test_callers_do_not_use_up_each_others_allowance(shop):
    assert order(shop, "pay-1", 10)["statusCode"] == 202
    assert order(shop, "pay-2", 10, "203.0.113.8")["statusCode"] == 202


def test_one_household_of_ipv6_is_one_caller(shop):
    assert order(shop, "pay-1", 10, "2001:db8:1:2::1")["statusCode"] == 202
    assert order(shop, "pay-2", 10, "2001:db8:1:2:ffff::9")["statusCode"] == 429
    assert order(shop, "pay-3", 10, "2001:db8:1:3::1")["statusCode"] == 202


@pytest.mark.parametrize("caller", [None, "", "nonsense", "203.0.113.999"])
def test_callers_without_a_readable_address_share_one_allowance(shop, caller):
    assert order(shop, "pay-1", 10, caller)["statusCode"] == 202
    assert order(shop, "pay-2", 10, "also nonsense")["statusCode"] == 429


def test_a_header_does_not_make_another_caller(shop):
    order(shop, "pay-1", 10)
    body = body_of(checkout_payload(paymentId="pay-2", items=[line(quantity=10)]))
    call = request(body, headers={"x-forwarded-for": "198.51.100.1"}, path="/api/checkout")
    call["requestContext"]["http"]["sourceIp"] = HOME

    assert shop._api()(call, Context())["statusCode"] == 429


def test_a_refused_cart_uses_up_nothing(shop):
    order(shop, "pay-1", 10)
    shop.memory.seed("stock", stock(available=0))

    assert order(shop, "pay-2", 1, "203.0.113.8")["statusCode"] == 409
    assert len(shop.memory.all("allowances")) == 1


def test_the_rows_say_nothing_about_who_ordered_and_expire(shop):
    order(shop, "pay-1", 1)

    (row,) = shop.memory.all("allowances")
    assert HOME not in str(row)
    now = shop.clock.now().timestamp()
    assert now < row["ttl"] <= now + 2 * 3600


def test_a_signed_checkout_has_no_limit_of_this_kind(shop):
    shop.sign_checkouts()
    cart = body_of(checkout_payload(items=[line(quantity=500)]))

    assert shop.checkout(cart, headers=shop.signed(cart))["statusCode"] == 202
    assert not shop.memory.all("allowances")


def test_an_open_checkout_says_so_on_its_order(shop):
    order(shop, "pay-1", 1)
    shop.drain()

    assert [row["trust"] for row in shop.memory.all("orders")] == ["open"]


@given(st.ip_addresses(v=4))
def test_an_address_of_the_fourth_version_is_itself_also_as_one_of_the_sixth(address):
    assert network_of(str(address)) == network_of(f"::ffff:{address}") == str(address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_every_address_of_a_network_is_the_same_caller(address, low):
    if address.ipv4_mapped is None:
        other = type(address)((int(address) >> 64 << 64) + low)
        if other.ipv4_mapped is None:
            assert network_of(str(address)) == network_of(str(other))
