"""Bodies at the edges: as large as an honest cart can be, and in the wrong encoding."""

import base64
import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from functions.checkout.api import MAX_BODY_BYTES
from shared.kernel.strict_json import dumps
from tests.builders import Context, answer_of, checkout_payload, request, stock
from tests.pipeline import URLS, Pipeline
from tests.signing import sign

ESCAPED = "\U0001f3fa"  # twelve bytes as JSON escapes it, four as UTF-8


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


def post(shop: Pipeline, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Bytes as API Gateway hands over what is no text."""
    call = request(b"", path="/api/checkout", headers=headers)
    call |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    response = shop._api()(call, Context())
    return response["statusCode"], answer_of(response)


def largest_cart() -> bytes:
    """Every field at its most, every character of a text as the longest escape there is."""
    products = [("p" * 126 + f"{index:02}", "v" * 128) for index in range(50)] * 2
    items = [
        {
            "productId": product,
            "variationId": variation,
            "quantity": 500,
            "price": 1999.99,
            "productName": ESCAPED * 200,
        }
        for product, variation in products
    ]
    cart = {
        "userId": "u" * 128,
        "customerName": ESCAPED * 200,
        "customerEmail": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.de",
        "customerAddress": ESCAPED * 500,
        "items": items,
        "totalAmount": 99999500.00,
        "paymentId": "q" * 128,
    }
    return json.dumps(cart).encode()


def test_the_largest_cart_there_can_be_is_taken(shop):
    """Names that are thrown away count against nobody."""
    body = largest_cart()
    for item in json.loads(body)["items"][:50]:
        row = {"available": 10_000, "price": Decimal("1999.99")}
        sku = f"{item['productId']}#{item['variationId']}"
        shop.memory.seed("stock", stock(item["productId"], sku=sku, **row))

    status, answer = post(shop, body)

    assert status == 202, answer
    assert len(body) <= MAX_BODY_BYTES
    assert len(body) > 0.9 * MAX_BODY_BYTES, "the limit is no wider than it has to be"


@pytest.mark.parametrize(("extra", "status"), [(0, 202), (1, 413)])
def test_the_limit_is_met_to_the_byte(shop, extra, status):
    body = dumps(checkout_payload()).encode()
    padded = body + b" " * (MAX_BODY_BYTES + extra - len(body))

    assert post(shop, padded)[0] == status


@pytest.mark.parametrize(
    ("encode", "found"),
    [
        (gzip.compress, "gzip"),
        (lambda body: b"\xef\xbb\xbf" + body, "UTF-8 with a byte order mark"),
        (lambda body: body.decode().encode("utf-16"), "UTF-16"),
        (lambda body: body.decode().encode("utf-16-le"), "UTF-16-LE"),
        (lambda body: body.decode().replace("Ada", "Zo\xeb").encode("latin-1"), "not at byte"),
    ],
)
def test_a_body_that_is_no_plain_utf8_is_a_415_that_names_what_it_is(shop, encode, found):
    status, answer = post(shop, encode(dumps(checkout_payload()).encode()))

    assert (status, answer["error"]["code"]) == (415, "unsupported_encoding")
    assert found in answer["error"]["rule"]
    assert shop.memory.calls == []


def test_a_byte_order_mark_is_noticed_in_a_text_body_too(shop):
    """API Gateway decodes JSON and hands the mark over as a character."""
    response = shop.checkout("\ufeff".encode() + dumps(checkout_payload()).encode())

    assert response["statusCode"] == 415
    assert response["headers"]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"content-encoding": "gzip"}, "content-encoding"),
        ({"content-encoding": "BR"}, "content-encoding"),
        ({"content-encoding": "gzip, identity"}, "content-encoding"),
        ({"content-type": "application/json; charset=iso-8859-1"}, "content-type"),
        ({"content-type": 'application/json; charset="UTF-16"'}, "content-type"),
        ({"content-type": "application/json;charset="}, "content-type"),
        ({"content-type": "application/json; charset=utf-8; charset=latin1"}, "content-type"),
    ],
)
def test_a_header_that_declares_another_encoding_is_believed(shop, headers, field):
    status, answer = post(shop, dumps(checkout_payload()).encode(), **headers)

    assert (status, answer["error"]["field"]) == (415, field)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "identity"},
        {"content-encoding": ""},
        {"content-type": 'application/json;charset="UTF-8"'},
        {"content-type": "application/json ; Charset=utf8"},
        {"content-type": "application/json; profile=shop"},
        {"content-type": "application/json;"},
    ],
)
def test_a_header_that_declares_plain_utf8_is_taken(shop, headers):
    assert post(shop, dumps(checkout_payload()).encode(), **headers)[0] == 202


@pytest.mark.parametrize(
    "body", [gzip.compress(b"{}", mtime=0), b"\xef\xbb\xbf{}", "{}".encode("utf-16")]
)
def test_a_delivery_in_another_encoding_is_refused_for_good_and_named(shop, body):
    response = signed(shop, body)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "unsupported_encoding"
    assert shop.memory.all("orders") == []


def signed(shop: Pipeline, body: bytes) -> dict[str, Any]:
    """A delivery of bytes that are no text."""
    headers = {
        "upstash-signature": sign(URLS["commands"], body, shop.clock.now().timestamp()),
        "upstash-message-id": "msg_1",
    }
    call = request(b"", headers=headers)
    call |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return shop.consumer("commands")(call, Context())


def test_a_multi_line_address_is_stored_as_one_line_and_is_the_same_checkout(shop):
    """The same request again, and the same with another system's line ends."""
    first = shop.checkout(checkout_payload(customerAddress="12 St James Square\nLondon"))
    again = shop.checkout(checkout_payload(customerAddress="12 St James Square\r\nLondon\r\n"))
    shop.drain()

    assert [first["statusCode"], again["statusCode"]] == [202, 202]
    (order,) = shop.memory.all("orders")
    assert order["customerAddress"] == "12 St James Square, London"
