"""Requests that the shop's server signed, and those that somebody else made up."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import SigningKeys
from shared.messaging.standard_webhooks import (
    TOLERANCE_SECONDS,
    decoded_key,
    verify,
)

# The example of the scheme's own documentation.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1_614_265_330
BODY = b'{"test": 2432232314}'
GENUINE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NEXT = bytes(range(32))
KEYS = SigningKeys(decoded_key(KEY), NEXT)


def signature(key: bytes, message_id: str = ID, at: str = str(AT), body: bytes = BODY) -> str:
    mac = hmac.digest(key, message_id.encode() + b"." + at.encode() + b"." + body, "sha256")
    return f"v1,{base64.b64encode(mac).decode()}"


def judge(
    signed: str | None = GENUINE,
    *,
    message_id: str | None = ID,
    at: str | None = str(AT),
    body: bytes = BODY,
    now: float = AT,
    keys: SigningKeys = KEYS,
) -> str:
    headers = {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": signed}
    sent = {name: value for name, value in headers.items() if value is not None}
    try:
        verify(sent, body, keys=keys, now=now)
    except UnauthenticatedError as refused:
        return refused.cause
    return "accepted"


def test_the_documentations_own_example_is_genuine():
    assert judge() == "accepted"


def test_either_of_two_keys_is_believed_and_no_third_one():
    assert judge(signature(NEXT)) == "accepted"
    assert judge(signature(b"x" * 32)) == "wrong_key"
    assert judge(keys=SigningKeys(NEXT, NEXT)) == "wrong_key"


@pytest.mark.parametrize("before", ["v1,AAAA ", "v2,whatever ", "v1a,AAAA ", "v1,!!! ", " "])
def test_one_good_signature_among_others_is_enough(before):
    assert judge(before + GENUINE) == "accepted"
    assert judge(f"{GENUINE} {before}") == "accepted"


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ({"message_id": None}, "missing"),
        ({"at": None}, "missing"),
        ({"signed": None}, "missing"),
        ({"message_id": ""}, "missing"),
        ({"signed": ""}, "missing"),
        ({"message_id": "a.b"}, "malformed_id"),
        ({"message_id": "ä"}, "malformed_id"),
        ({"message_id": "x" * 257}, "malformed_id"),
        ({"message_id": f"{ID}\n"}, "malformed_id"),
        ({"at": "yesterday"}, "malformed_timestamp"),
        ({"at": f"{AT}.0"}, "malformed_timestamp"),
        ({"at": f" {AT}"}, "malformed_timestamp"),
        ({"at": f"0{AT}"}, "malformed_timestamp"),
        ({"at": f"-{AT}"}, "malformed_timestamp"),
        ({"at": "9" * 40}, "malformed_timestamp"),
        ({"at": "\u0661\u0662"}, "malformed_timestamp"),
        ({"signed": GENUINE.removeprefix("v1,")}, "malformed_signature"),
        ({"signed": GENUINE.replace("v1", "v2")}, "malformed_signature"),
        ({"signed": GENUINE.replace("v1,", "V1,")}, "malformed_signature"),
        ({"signed": GENUINE.replace("v1,", "v1=")}, "malformed_signature"),
        ({"signed": f"{GENUINE}ä"}, "malformed_signature"),
        ({"signed": f"{GENUINE} " * 200}, "malformed_signature"),
        ({"signed": "v1,AAAA " * 8 + GENUINE}, "wrong_key"),
        ({"signed": "v1,"}, "wrong_key"),
        ({"signed": GENUINE.replace("g0hM", "g0hN")}, "wrong_key"),
    ],
    ids=str,
)
def test_what_is_missing_or_malformed_is_refused_by_name(missing, cause):
    assert judge(**missing) == cause


def test_the_signature_binds_id_time_and_every_byte_of_the_body():
    assert judge(body=BODY + b" ") == "wrong_key"
    assert judge(body=BODY.replace(b": ", b":")) == "wrong_key"
    assert judge(message_id=ID[:-1]) == "wrong_key"
    assert judge(at=str(AT + 1)) == "wrong_key"


def test_a_request_is_good_for_five_minutes_either_way():
    for away in (-TOLERANCE_SECONDS, TOLERANCE_SECONDS):
        assert judge(now=AT + away) == "accepted"
    for away in (-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1):
        assert judge(now=AT + away) == "stale"


@given(st.binary(max_size=200), st.integers(1, 10**12 - 1))
def test_every_body_that_was_signed_is_accepted_and_no_other(body, at):
    signed = signature(NEXT, at=str(at), body=body)

    assert judge(signed, at=str(at), body=body, now=at) == "accepted"
    assert judge(signed, at=str(at), body=body + b"\0", now=at) == "wrong_key"


@given(st.text(max_size=300), st.text(max_size=20), st.text(max_size=300))
def test_no_header_makes_anything_but_a_refusal(message_id, at, signed):
    assert judge(signed, message_id=message_id, at=at) != "accepted"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + base64.b64encode(bytes(range(23))).decode(),
        "whsec_" + base64.b64encode(bytes(range(65))).decode(),
        "whsec_" + base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(b" " * 32).decode(),
        "whsec_" + base64.b64encode(b"abcdef" * 6).decode(),
        f"{KEY}\n",
        f" {KEY}",
        f"{KEY}!",
        "whsec_ä",
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="must be"):
        decoded_key(text)


def test_a_key_shows_itself_to_nobody():
    assert "M" not in repr(KEYS).replace("SigningKeys", "")
    assert decoded_key(KEY).hex() not in repr(KEYS)
