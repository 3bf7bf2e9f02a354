"""The samples that `send` ships: of the contract as it is, and about the shop that is seeded."""

import json
from decimal import Decimal
from typing import Any

import pytest

from local.sending.samples import PAYMENTS, SAMPLES, Sample, on_stack, sample
from local.stack.catalogue import CATALOGUE, SOLD_OUT
from shared.contracts.catalog import models
from shared.contracts.envelope import read_event
from shared.contracts.topics import EVENT_TYPES, Topic
from shared.kernel.ids import OrderIds, sku_of
from tests.order_ids import order_id_for

each = pytest.mark.parametrize("shipped", SAMPLES, ids=lambda shipped: shipped.name)
PRICES = {product.sku: Decimal(product.price) for product in CATALOGUE}
WRONG_PRICE = "command.checkout-wrong-price"


def values_of(shipped: Sample) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(shipped.path.read_bytes(), parse_float=Decimal)
    return values


def test_every_event_type_has_a_sample_and_every_file_is_one():
    files = {path.stem for path in SAMPLES[0].path.parent.iterdir()}

    assert {shipped.event_type for shipped in SAMPLES} == set(EVENT_TYPES)
    assert files == {shipped.name for shipped in SAMPLES}
    assert len(files) == len(SAMPLES)


@each
def test_a_sample_is_an_event_of_its_type_as_the_functions_read_it(shipped):
    content = shipped.path.read_bytes()

    event = read_event(content, {shipped.event_type: models()[shipped.event_type]})

    assert event.event_type == shipped.event_type


@each
def test_its_name_begins_with_its_type(shipped):
    assert shipped.name.startswith(shipped.event_type)
    assert shipped.topic in Topic
    assert sample(shipped.name) is shipped


@each
def test_what_it_sells_is_in_the_seeded_shop_at_its_price(shipped):
    lines = values_of(shipped)["payload"].get("items", [])

    for line in lines:
        sku = sku_of(line["productId"], line.get("variationId"))
        assert sku in PRICES
        if "price" in line and shipped.name != WRONG_PRICE:
            assert line["price"] == PRICES[sku]


@each
def test_its_order_is_the_one_that_a_sample_checkout_makes(shipped):
    checkouts = [values_of(s) for s in SAMPLES if s.event_type == "command.checkout"]
    payments = {checkout["payload"]["paymentId"] for checkout in checkouts}
    body = on_stack(shipped.path.read_bytes(), order_id_for)
    values = json.loads(body)

    made = {order_id_for(payment) for payment in payments}
    assert payments == set(PAYMENTS)
    assert {values["payload"].get("orderId"), values.get("correlationId")} <= made | {None}
    assert not [p for p in PAYMENTS if OrderIds.plain(p).encode() in body]


def test_the_carts_add_up_and_show_what_they_say():
    for shipped in SAMPLES:
        if shipped.event_type == "command.checkout":
            payload = values_of(shipped)["payload"]
            assert payload["totalAmount"] == sum(
                line["price"] * line["quantity"] for line in payload["items"]
            )
    sold_out = sample("command.checkout-sold-out")
    wrong = sample(WRONG_PRICE)
    assert sold_out is not None
    assert wrong is not None
    assert values_of(sold_out)["payload"]["items"][0]["productId"] == SOLD_OUT
    line = values_of(wrong)["payload"]["items"][0]
    assert line["price"] != PRICES[line["productId"]]


def test_an_unknown_name_is_no_sample():
    assert sample("order.eaten") is None
