"""Whatever a client sends: a 4xx that names field and rule, and nothing stored or published."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.checkout.api import MAX_BODY_BYTES
from shared.kernel.strict_json import dumps
from tests.builders import (
    Context,
    answer_of,
    checkout_command,
    checkout_payload,
    line,
    request,
    stock,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

POST = "/api/checkout"


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    products = [stock(f"p{index}") for index in range(60)]
    pipeline.memory.seed("stock", stock(), stock("bowl", price=20), *products)
    return pipeline


def refused(shop: Pipeline, body: dict[str, Any] | bytes, **options: Any) -> dict[str, Any]:
    """The error of an answer, after making sure that nothing came of the request."""
    before = shop.memory.all("stock")

    response = shop.checkout(body, **options)

    answer = answer_of(response)
    assert answer["success"] is False
    assert shop.memory.all("checkouts") == []
    assert shop.memory.all("stock") == before
    assert shop.outbox.messages == []
    assert "transact" not in shop.memory.calls
    response["body"].encode("utf-8")
    error: dict[str, Any] = answer["error"]
    return error | {"status": response["statusCode"]}


def with_line(**changes: Any) -> dict[str, Any]:
    """A cart whose only line breaks a rule; its total is what an honest line would cost."""
    return checkout_payload() | {"items": [line(**changes)]}


BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "quantity 0": (with_line(quantity=0), "items[0].quantity"),
    "quantity negative": (with_line(quantity=-1), "items[0].quantity"),
    "quantity a fraction": (with_line(quantity=Decimal("1.5")), "items[0].quantity"),
    "quantity true": (with_line(quantity=True), "items[0].quantity"),
    "quantity text": (with_line(quantity="1"), "items[0].quantity"),
    "quantity null": (with_line(quantity=None), "items[0].quantity"),
    "quantity over the cap": (with_line(quantity=1001), "items[0].quantity"),
    "price text": (with_line(price="12.50"), "items[0].price"),
    "price true": (with_line(price=True), "items[0].price"),
    "price negative": (with_line(price=-1), "items[0].price"),
    "price of three decimals": (with_line(price=Decimal("12.501")), "items[0].price"),
    "price beyond any catalogue": (with_line(price=10**12), "items[0].price"),
    "total text": (checkout_payload() | {"totalAmount": "12.50"}, "totalAmount"),
    "total negative": (checkout_payload() | {"totalAmount": -1}, "totalAmount"),
    "no items": (checkout_payload() | {"items": []}, "items"),
    "items an object": (checkout_payload() | {"items": {"0": line()}}, "items"),
    "too many lines": (checkout_payload() | {"items": [line()] * 101}, "items"),
    "51 products": (
        checkout_payload(items=[line(f"p{index}") for index in range(51)]),
        "items",
    ),
    "units of one product add up to too many": (
        checkout_payload(items=[line(quantity=600), line(quantity=600)]),
        "items[1].quantity",
    ),
    "two prices for one product": (
        checkout_payload(items=[line(), line(price=12)]),
        "items[1].price",
    ),
    "unknown product": (checkout_payload(items=[line(), line("ghost")]), "items[1].productId"),
    "unknown variation": (checkout_payload(items=[line(variationId="xl")]), "items[0].productId"),
    "product id with a key separator": (with_line(productId="mug#red"), "items[0].productId"),
    "line break in the name": (
        checkout_payload(customerName="Ada\r\nBcc: evil@example.com"),
        "customerName",
    ),
    "control character in the address": (
        checkout_payload(customerAddress="a\x00b"),
        "customerAddress",
    ),
    "blank name": (checkout_payload(customerName=" \u3164"), "customerName"),
    "blank address": (checkout_payload(customerAddress="\n \u200b\n"), "customerAddress"),
    "name that reads backwards": (checkout_payload(customerName="a\u202eb"), "customerName"),
    "address of dots": (checkout_payload(customerEmail="ja..ne@x.de"), "customerEmail"),
    "line break in the e-mail": (
        checkout_payload(customerEmail="a@b.example\r\nBcc: evil@example.com"),
        "customerEmail",
    ),
    "two recipients": (
        checkout_payload(customerEmail="a@b.example,evil@example.com"),
        "customerEmail",
    ),
    "display name": (checkout_payload(customerEmail="Ada <a@b.example>"), "customerEmail"),
    "line break in the payment id": (checkout_payload(paymentId="pay\r\nX: 1"), "paymentId"),
    "header in the payment id": (
        checkout_payload(paymentId="Upstash-Forward-Authorization: x"),
        "paymentId",
    ),
    "unicode in the payment id": (checkout_payload(paymentId="pay\u20101"), "paymentId"),
    "payment id too long": (checkout_payload(paymentId="p" * 129), "paymentId"),
    "payment id a number": (checkout_payload(paymentId=7), "paymentId"),
    "line break in the user id": (checkout_payload(userId="u\n1"), "userId"),
    "name too long": (checkout_payload(customerName="x" * 201), "customerName"),
}


@pytest.mark.parametrize(("body", "field"), BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
def test_bad_field_is_named_with_its_rule(shop, body, field):
    error = refused(shop, body)

    assert error["status"] == 400
    assert error["code"] == "invalid_field"
    assert error["field"] == field
    assert error["rule"]


@pytest.mark.parametrize("field", sorted(checkout_payload()))
def test_missing_field_is_named(shop, field):
    body = {name: value for name, value in checkout_payload().items() if name != field}

    assert refused(shop, body) | {"message": ""} == {
        "status": 400,
        "code": "invalid_field",
        "message": "",
        "field": field,
        "rule": "is required",
    }


RAW = dumps(checkout_payload())
BAD_JSON = {
    "empty": b"",
    "not JSON": b"{",
    "no object": b"[]",
    "null": b"null",
    "duplicate price": RAW.replace('"price":12.5', '"price":1,"price":12.5').encode(),
    "duplicate total": RAW.replace("{", '{"totalAmount":0,', 1).encode(),
    "NaN": RAW.replace("12.5", "NaN").encode(),
    "Infinity": RAW.replace("12.5", "Infinity").encode(),
    "1e400": RAW.replace("12.5", "1e400").encode(),
    "quantity 10**30": RAW.replace('"quantity":1', f'"quantity":{10**30}').encode(),
    "5,000 digits": RAW.replace('"quantity":1', '"quantity":' + "9" * 5000).encode(),
    "too deep": b"[" * 30_000,
    # Only messages are unwrapped: a page that sends this has a mistake to mend.
    "encoded twice": dumps(RAW).encode(),
    "half a surrogate": RAW.replace("Ada", "\\ud800").encode(),
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_body_that_is_no_strict_json_object_is_refused(shop, body):
    call = request(b"", path=POST)
    call["body"] = body.decode("utf-8", "surrogateescape")
    if not body.isascii():
        call |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    response = shop._api()(call, Context())

    error = answer_of(response)["error"]
    assert response["statusCode"] == 400
    assert error["code"] in {"invalid_json", "invalid_field"}
    assert error["field"]
    assert error["rule"]
    assert shop.memory.calls == []
    assert shop.outbox.messages == []


LINES: dict[str, tuple[Any, set[str]]] = {
    "a null line": ([None], {"items[0]"}),
    "a line of text": (["mug"], {"items[0]"}),
    "a line that is a list": ([[]], {"items[0]"}),
    "one line, wrong twice": (
        [line(quantity=0, price="1")],
        {"items[0].quantity", "items[0].price"},
    ),
    "one line without anything": (
        [{}],
        {"items[0].productId", "items[0].quantity", "items[0].price"},
    ),
    "the last of two": ([line(), None], {"items[1]"}),
    "a price in the middle": ([line(), line(price="1"), line()], {"items[1].price"}),
    "all of them": ([None, None], {"items[0]", "items[1]"}),
    "none": ([], {"items"}),
    "too many": ([line()] * 101, {"items"}),
    "too many, and bad": ([None] * 101, {"items"}),
    "no list": ("mug", {"items"}),
}


@pytest.mark.parametrize(("items", "faults"), LINES.values(), ids=LINES.keys())
def test_each_fault_in_the_lines_is_told_once_and_none_that_is_not_there(shop, items, faults):
    error = refused(shop, checkout_payload() | {"items": items})

    told = [error["field"], *(other["field"] for other in error.get("others", []))]
    assert sorted(told) == sorted(faults)


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 1_000_000])
def test_body_that_is_too_large_is_refused_unread(shop, size):
    error = refused(shop, b"x" * size)

    assert (error["status"], error["code"]) == (413, "payload_too_large")
    assert shop.memory.calls == []


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "text/json",
    ],
)
def test_body_that_a_browser_may_send_across_origins_unasked_is_refused(shop, content_type):
    error = refused(shop, checkout_payload(), headers={"content-type": content_type})

    assert (error["status"], error["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_in_any_spelling(shop, content_type):
    response = shop.checkout(checkout_payload(), headers={"content-type": content_type})

    assert response["statusCode"] == 202


@pytest.mark.parametrize(
    ("method", "with_id"),
    [("GET", False), ("PUT", False), ("DELETE", False), ("", False), ("POST", True)],
)
def test_other_methods_are_not_allowed(shop, method, with_id):
    call = request(b"", path=POST, method=method)
    if with_id:
        call["pathParameters"] = {"orderId": "ord_" + "0" * 32}

    response = shop._api()(call, Context())

    assert response["statusCode"] == 405
    assert answer_of(response)["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "value",
    ["a b", "a\r\nUpstash-Forward-X: 1", "ä", "x" * 129, "x" * 5000, "", " ", "a,b", "a, b", "☕"],
)
def test_correlation_id_that_could_forge_a_header_gives_way_to_the_order_s_id(shop, value):
    """It only helps to find things again: no paid cart is turned away for it (I31)."""
    response = shop.checkout(checkout_payload(), headers={"x-correlation-id": value})

    assert response["statusCode"] == 202
    (message,) = shop.outbox.messages
    assert message.correlation_id == order_id_for("pay-1")
    told = [fields for text, fields in shop.telemetry.lines if text == "Ignored odd diagnostics"]
    assert [fields["reason"] for fields in told] == ["x-correlation-id"]
    assert not value.strip() or value not in str(shop.telemetry.lines)


@pytest.mark.parametrize("headers", [{}, {"x-correlation-id": "cart:42"}])
def test_nothing_is_said_about_a_correlation_id_that_is_in_order(shop, headers):
    shop.checkout(checkout_payload(), headers=headers)

    assert "Ignored odd diagnostics" not in shop.telemetry.messages()


def test_refusal_repeats_no_value_of_the_customer(shop):
    body = checkout_payload(
        customerName="Canary\n", customerEmail="canary@", customerAddress="canary\x00"
    )

    error = refused(shop, body)

    assert len(error["others"]) == 2
    assert "canary" not in str(error).lower()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=10)
    | st.decimals(-99, 99, places=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(checkout_payload())), json_values, max_size=4))
def test_any_json_in_any_field_is_accepted_or_a_4xx_and_never_a_5xx(changes):
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())

    status = pipeline.checkout(checkout_payload() | changes)["statusCode"]

    assert status == 202 or 400 <= status < 500
    assert len(pipeline.memory.all("checkouts")) == (status == 202)


@pytest.mark.parametrize(
    "name", ["Visit http://evil.example", "www.evil.example", "ada@evil.example", "evil.example/x"]
)
def test_a_name_that_is_an_address_is_refused_by_field_and_rule(shop, name):
    """A mail of ours would repeat it (S41)."""
    answer = shop.checkout(checkout_payload(customerName=name))

    assert answer["statusCode"] == 400
    error = answer_of(answer)["error"]
    assert (error["field"], error["rule"]) == (
        "customerName",
        "must not contain web or mail addresses",
    )
    assert not shop.memory.all("checkouts")


def test_an_order_of_a_program_is_not_lost_for_a_name_and_its_mail_takes_it_apart(shop):
    command = checkout_command(customerName="Visit http://evil.example")

    assert shop.deliver("commands", command)["statusCode"] == 200
    shop.drain()

    (mail,) = shop.mailer.sent
    assert "evil.example" not in mail.text + mail.html
    assert "Visit http: //evil. example" in mail.text


def test_a_rejected_cart_is_told_in_the_catalogues_words(shop):
    shop.memory.seed("stock", stock(available=0))
    cart = [line(productName="Win at evil.example"), line("gone", productName="and evil.example")]

    shop.deliver("commands", checkout_command(items=cart))
    shop.drain()

    (mail,) = shop.mailer.sent
    assert "evil" not in mail.text + mail.html
    assert "gone" in mail.text


def test_a_program_s_cart_is_confirmed_in_the_catalogues_words(shop):
    """What the catalogue calls a product is known; a command may call it anything (S31)."""
    command = checkout_command(items=[line(productName="Win at evil.example")])

    shop.deliver("commands", command)
    shop.drain()

    (mail,) = shop.mailer.sent
    assert mail.template_id == "order-confirmation"
    assert "Win" not in mail.text + mail.html
    assert stock()["name"] in mail.text
