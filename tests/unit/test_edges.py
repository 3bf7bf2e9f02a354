"""Edges that once fell off: odd numbers, odd times, odd names, stores that fail at the wrong moment."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import validated
from shared.kernel import strict_json
from shared.kernel.clock import iso
from shared.kernel.errors import (
    ConfigurationError,
    DependencyError,
    InvalidInputError,
    InvalidJsonError,
    UnauthenticatedError,
)
from shared.kernel.money import amount
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier, verify
from tests.builders import checkout_command, checkout_payload, line, stock
from tests.contracts.samples import sample
from tests.fakes.clock import ManualClock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.signing import CURRENT_KEY, NEXT_KEY, by_hand, claims_for, sign

KEYS = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
URL = "https://orders.example.com/"
NOW = 1_772_366_400.0
ATTACKER_KEY = "sig_attacker0123456789abcdefghij"


@pytest.fixture
def shop():
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


@pytest.mark.parametrize(
    "text", ["1e99999999999999999999", "0e99999999999999999999", "-1e-99999999999999999999"]
)
def test_an_exponent_that_nothing_holds_is_a_400(shop, text):
    body = strict_json.dumps(checkout_payload()).replace("12.5", text).encode()

    assert shop.checkout(body)["statusCode"] == 400


def test_the_dead_letter_of_an_event_that_cannot_be_read_is_kept(shop):
    original = base64.b64encode(b'{"eventId":"e","x":1e99999999999999999999}').decode()
    callback = {"status": 400, "sourceMessageId": "msg_1", "retried": 0, "sourceBody": original}

    response = shop.deliver("analytics", json.dumps(callback).encode(), suffix="failures")

    assert response["statusCode"] == 200
    assert len(shop.memory.all("dead_letters")) == 1


def test_half_a_character_as_a_repeated_key_does_not_break_the_answer(shop):
    response = shop.checkout(b'{"\\ud800":1,"\\ud800":2}')

    assert response["statusCode"] == 400
    assert response["body"].encode("utf-8")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_outside_of_time_is_refused_for_good(shop, moment):
    event = checkout_command() | {"timestamp": moment}

    assert shop.deliver("commands", event)["statusCode"] == 489


@pytest.mark.parametrize("items", [5, None, True])
def test_items_of_a_mail_that_are_no_list_are_refused_for_good(shop, items):
    event = sample("notification.email")
    event["payload"]["templateData"]["items"] = items

    assert shop.deliver("notifications", event)["statusCode"] == 489


def test_a_signature_has_exactly_one_spelling():
    token = sign(URL, b"{}", NOW)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    accepted = []
    for last in alphabet:
        try:
            verify(token[:-1] + last, b"{}", urls={URL}, keys=KEYS, now=NOW)
        except UnauthenticatedError:
            continue
        accepted.append(last)

    assert accepted == [token[-1]]


def test_half_a_character_in_a_signed_claim_is_refused_like_any_other_claim():
    claims = {**claims_for(URL, b"", NOW), "body": "\ud800"}
    token = by_hand({"alg": "HS256"}, claims, CURRENT_KEY)

    with pytest.raises(UnauthenticatedError):
        verify(token, b"", urls={URL}, keys=KEYS, now=NOW)


@pytest.fixture(params=[DependencyError("SSM"), ConfigurationError({"QSTASH_TOKEN": "missing"})])
def unreadable(request):
    """Keys that could be read once, and cannot be read again."""
    answers = iter([KEYS])

    def load():
        keys = next(answers, None)
        if keys is None:
            raise request.param
        return keys

    return load


def test_a_forged_token_is_a_401_also_while_keys_cannot_be_read(unreadable):
    clock = ManualClock()
    verifier = Verifier(RotatingKeys(unreadable, clock), clock)
    clock.advance(120)
    token = sign(URL, b"{}", clock.now().timestamp(), key=ATTACKER_KEY)

    with pytest.raises(UnauthenticatedError, match="wrong_key"):
        verifier(token, b"{}", {URL})


def test_a_genuine_delivery_is_accepted_with_old_keys_while_new_ones_cannot_be_read(unreadable):
    clock = ManualClock()
    verifier = Verifier(RotatingKeys(unreadable, clock), clock)
    clock.advance(400)

    verifier(sign(URL, b"{}", clock.now().timestamp()), b"{}", {URL})


@pytest.mark.parametrize("length", [188, 189, 200])
def test_a_long_product_name_still_gets_its_low_stock_mail(shop, length):
    event = sample("inventory.stock.low")
    shop.memory.seed(
        "stock", stock("shirt#red-m", productId="shirt", name="x" * length, available=1)
    )

    assert shop.deliver("inventory", event)["statusCode"] == 200
    assert len(shop.outbox.of("notification.email")) == 1


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "\n"])
def test_a_catalogue_name_that_is_no_line_does_not_strand_an_order(shop, name):
    shop.memory.seed("stock", stock(name=name, available=3, threshold=2))

    response = shop.checkout(checkout_payload(items=[line(quantity=2)]))

    assert response["statusCode"] == 202
    assert {status for _, status in shop.drain()} == {200}


def test_a_refund_of_an_unknown_checkout_makes_no_half_a_checkout(shop):
    order_id = order_id_for("pay-1")
    event = sample("order.refund.requested")
    event["payload"] |= {"orderId": order_id, "paymentId": "pay-1"}

    assert shop.deliver("orders", event)["statusCode"] == 503
    assert shop.status(order_id)["statusCode"] == 404
    assert shop.checkout(checkout_payload())["statusCode"] == 202


def test_early_years_keep_their_zeros_so_that_text_order_is_time_order():
    assert iso(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000Z"


def test_one_level_too_many_is_too_many_even_when_empty():
    strict_json.loads(b"[" * 32 + b"]" * 32, max_bytes=99)
    with pytest.raises(InvalidJsonError):
        strict_json.loads(b"[" * 33 + b"]" * 33, max_bytes=99)


def test_a_name_of_nothing_is_refused():
    with pytest.raises(InvalidJsonError):
        strict_json.loads(b'{"": 1}', max_bytes=99)


def test_minus_nought_is_nought():
    assert str(amount(Decimal("-0.0"))) == "0.00"


def test_a_send_that_fails_after_its_claim_was_lost_is_tried_again(shop):
    class LosesItsClaim:
        def send(self, mail):
            row = dict(shop.memory.get("notifications", {"id": mail.event_id}))
            shop.memory.seed("notifications", row | {"state": "unknown"})
            raise DependencyError("throttled")

    shop.mailer = LosesItsClaim()

    assert shop.deliver("notifications", sample("notification.email"))["statusCode"] == 503


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "must have at least 1 character"),
        ("x" * 201, "must have at most 200 characters"),
        ("a\x85b", "must not contain line breaks or control characters"),
    ],
)
def test_rules_about_text_speak_of_characters(name, rule):
    with pytest.raises(InvalidInputError) as refused:
        validated(CheckoutPayload, checkout_payload(customerName=name))

    assert refused.value.rule == rule
