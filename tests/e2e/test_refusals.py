"""What must not get in: forged deliveries and bad input, over real HTTP."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import jwt
import pytest

from local.stack import aws, logs
from tests.e2e.stack_client import cart, line

pytestmark = pytest.mark.e2e

TABLES = ("orders", "checkouts", "ledger", "stock", "notifications", "audit", "dead_letters")


def _claims(url, raw, **changes):
    now = int(time.time())
    digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).decode()
    claims = {
        "iss": "Upstash",
        "sub": url,
        "exp": now + 300,
        "nbf": now,
        "iat": now,
        "jti": "jwt_1",
        "body": digest,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def _by_hand(key, claims, algorithm="HS256"):
    def encode(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    signed += b"." + encode(json.dumps(claims).encode())
    signature = hmac.digest(key.encode(), signed, "sha256")
    return (signed + b"." + encode(signature)).decode()


def _stored(client):
    client.quiet()
    return {table: len(client.items(table)) for table in TABLES}


def _event(client):
    # A row of its own each time: one that sold units must not be filled behind the audit's back.
    sku = client.shelf(f"e2e-forged-{uuid.uuid4().hex[:8]}", 10)
    body = cart(line(sku))
    return json.dumps(
        {
            "eventId": f"evt-{body['paymentId']}",
            "eventType": "command.checkout",
            "timestamp": "2026-01-01T00:00:00Z",
            "version": "1.0",
            "source": "checkout-api",
            "payload": body,
        }
    ).encode()


def test_every_forged_delivery_gets_the_same_401_and_touches_nothing(client, stack):
    body, url = _event(client), client.url("commands")
    key = stack.qstash["current_signing_key"]
    now = int(time.time())
    good = _claims(url, body)
    forged = {
        "unsigned": None,
        "empty": "",
        "wrong key": jwt.encode(good, "sig_" + "x" * 28, algorithm="HS256"),
        "other topic": jwt.encode(_claims(client.url("orders"), body), key, algorithm="HS256"),
        "expired": jwt.encode({**good, "exp": now - 60}, key, algorithm="HS256"),
        "over-long": jwt.encode({**good, "exp": now + 3600}, key, algorithm="HS256"),
        "alg none": jwt.encode(good, "", algorithm="none"),
        "HS512": jwt.encode(good, key + key, algorithm="HS512"),
        "changed byte": jwt.encode(_claims(url, body + b" "), key, algorithm="HS256"),
        "truncated": jwt.encode(good, key, algorithm="HS256")[:-2],
        **{
            f"without {name}": _by_hand(key, _claims(url, body, **{name: None}))
            for name in ("iss", "sub", "exp", "nbf", "iat", "jti", "body")
        },
        **{
            f"{name} as a list": _by_hand(key, _claims(url, body, **{name: ["x"]}))
            for name in ("iss", "sub", "exp", "nbf", "iat", "jti", "body")
        },
    }
    before = _stored(client)

    answers = {
        name: client.invoke("commands", body, {} if token is None else {"Upstash-Signature": token})
        for name, token in forged.items()
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        forged, 401
    )
    assert len({answer.content for answer in answers.values()}) == 1
    assert _stored(client) == before


def test_the_next_key_is_accepted_too(client, stack):
    body = _event(client)
    token = client.signature(client.url("commands"), body, key=stack.qstash["next_signing_key"])

    answer = client.invoke(
        "commands", body, {"Upstash-Signature": token, "Upstash-Message-Id": "msg_next"}
    )

    assert answer.status_code == 200


def test_a_body_that_travels_as_base64_verifies(client):
    body = _event(client)
    headers = {
        "Upstash-Signature": client.signature(client.url("commands"), body),
        "Upstash-Message-Id": "msg_base64",
        # Without a text content type, the platform hands the function base64.
        "Content-Type": "application/octet-stream",
    }

    answer = client.invoke("commands", body, headers)

    assert answer.status_code == 200


def _changed(body, **changes):
    return json.dumps({**body, **changes}).encode()


BAD = {
    "tampered price": (
        lambda b: _changed(b, items=[{**b["items"][0], "price": 1}]),
        409,
        "items[0].price",
    ),
    "tampered total": (lambda b: _changed(b, totalAmount=1), 409, "totalAmount"),
    "quantity 0": (
        lambda b: _changed(b, items=[{**b["items"][0], "quantity": 0}]),
        400,
        "items[0].quantity",
    ),
    "quantity -1": (
        lambda b: _changed(b, items=[{**b["items"][0], "quantity": -1}]),
        400,
        "items[0].quantity",
    ),
    "quantity 1.5": (
        lambda b: _changed(b, items=[{**b["items"][0], "quantity": 1.5}]),
        400,
        "items[0].quantity",
    ),
    "quantity true": (
        lambda b: _changed(b, items=[{**b["items"][0], "quantity": True}]),
        400,
        "items[0].quantity",
    ),
    "quantity 10**30": (
        lambda b: _changed(b, items=[{**b["items"][0], "quantity": 10**30}]),
        400,
        "body",
    ),
    "51 products": (
        lambda b: _changed(b, items=[line(f"p{i}") for i in range(51)], totalAmount=510),
        400,
        "items",
    ),
    "equal keys": (
        lambda b: json.dumps(b).encode()[:-1] + b',"paymentId":"other"}',
        400,
        "paymentId",
    ),
    "NaN": (lambda b: json.dumps({**b, "totalAmount": float("nan")}).encode(), 400, "body"),
    "line break in a name": (
        lambda b: _changed(b, customerName="Ada\r\nBcc: x@y.example"),
        400,
        "customerName",
    ),
    "line break in an id": (
        lambda b: _changed(b, paymentId="pay\r\nUpstash-Forward-X: 1"),
        400,
        "paymentId",
    ),
    "unknown product": (
        lambda b: _changed(b, items=[line("nobody-sells-this")], totalAmount=10),
        400,
        "items[0].productId",
    ),
    "two recipients": (
        lambda b: _changed(b, customerEmail="a@b.example, c@d.example"),
        400,
        "customerEmail",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_field_and_rule_and_stores_nothing(client, name):
    sku = client.shelf("e2e-bad", 10)
    make, status, field = BAD[name]
    before = _stored(client)

    answer = client.check_out(make(cart(line(sku))))

    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (status, field)
    assert error["message"].startswith(f"{field}: ")
    assert _stored(client) == before


def test_a_body_of_a_megabyte_is_refused_before_it_is_read(client):
    answer = client.check_out(b'{"userId": "' + b"x" * 1_000_000 + b'"}')

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"


def test_another_content_type_is_refused(client):
    body = json.dumps(cart(line("e2e-bad"))).encode()

    answer = client.check_out(body, **{"Content-Type": "text/plain"})

    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]["message"]


def test_no_customer_data_reaches_the_logs(client, stack):
    """S18: a canary in every personal field, then a look at everything the functions wrote."""
    sku = client.shelf("e2e-discreet", 5)
    body = {
        **cart(line(sku)),
        "customerName": "Canary Zebedee",
        "customerEmail": "canary.zebedee@customer.example",
        "customerAddress": "Canary Wharf 1, Zebedeetown",
    }
    order_id = client.check_out(body).json()["data"]["orderId"]
    client.settled(order_id)
    client.quiet()

    entries = logs.read(aws.client("logs", stack.aws.endpoint_url), 0)
    written = "\n".join(entry.message for entry in entries)

    assert order_id in written
    assert "anary" not in written
    assert "Zebedee" not in written
