"""Forged and genuine signatures: each refusal with the cause that the log will show."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import MAX_TOKEN_CHARACTERS, SigningKeys, verify
from tests.signing import CURRENT_KEY, NEXT_KEY, by_hand, claims_for, sign

NOW = 1_772_366_400.0
URL = "https://orders.example.com/"
BODY = b'{"eventId":"evt-1"}'
KEYS = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
HEADER = {"alg": "HS256", "typ": "JWT"}
GENUINE = sign(URL, BODY, NOW)


def forged(
    header: dict[str, Any] | None = None, *, key: str = CURRENT_KEY, **claims: object
) -> str:
    """A genuine delivery but for what is named here, signed with the right key unless told."""
    values = claims_for(URL, BODY, NOW)
    for name, value in claims.items():
        values[name] = value
    return by_hand({**HEADER, **(header or {})}, values, key)


def without(claim: str) -> str:
    values = claims_for(URL, BODY, NOW)
    del values[claim]
    return by_hand(HEADER, values, CURRENT_KEY)


def spelled(*parts: str) -> str:
    """A token from the text of its parts, signed with the right key."""
    signed = ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)
    mac = hmac.digest(CURRENT_KEY.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def hs512() -> str:
    signed = forged({"alg": "HS512"}).rpartition(".")[0]
    mac = hmac.digest(CURRENT_KEY.encode(), signed.encode(), "sha512")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def judge(token: str | None, body: bytes = BODY, *, url: str = URL, now: float = NOW) -> str:
    try:
        verify(token, body, urls={url}, keys=KEYS, now=now)
    except UnauthenticatedError as refused:
        return refused.cause
    return "accepted"


FORGERIES = {
    "no header": (None, "missing"),
    "empty header": ("", "missing"),
    "another key": (forged(key="sig_somebodyelse0123456789abcdef"), "wrong_key"),
    "key in other case": (forged(key=CURRENT_KEY.upper()), "wrong_key"),
    "empty key": (forged(key=""), "wrong_key"),
    "truncated signature": (GENUINE[:-3], "wrong_key"),
    "no signature": (GENUINE.rpartition(".")[0] + ".", "wrong_key"),
    "two parts": (GENUINE.rpartition(".")[0], "malformed_token"),
    "four parts": (GENUINE + ".e30", "malformed_token"),
    "three parts of garbage": ("x.y.z", "malformed_token"),
    "three empty parts": ("..", "malformed_token"),
    "not base64": (f"{GENUINE}!", "malformed_token"),
    "line break inside": (GENUINE[:-3] + "\n" + GENUINE[-3:], "malformed_token"),
    "scheme before it": (f"Bearer {GENUINE}", "malformed_token"),
    "not ASCII": ("ä.ö.ü", "malformed_token"),
    "not ASCII digits": (GENUINE + "\u0663", "malformed_token"),
    "huge": ("a" * 1_000_000, "malformed_token"),
    "one character too long": (
        "a.b." + "c" * (MAX_TOKEN_CHARACTERS - 3),
        "malformed_token",
    ),
    "header is a list": (spelled("[]", "{}"), "malformed_token"),
    "header nests too deeply": (spelled("[" * 2000, "{}"), "malformed_token"),
    "claims are a list": (spelled(json.dumps(HEADER), "[]"), "malformed_token"),
    "claims nest too deeply": (spelled(json.dumps(HEADER), "[" * 2000), "malformed_token"),
    "claims are no JSON": (spelled(json.dumps(HEADER), "{"), "malformed_token"),
    "alg none": (forged({"alg": "none"}).rpartition(".")[0] + ".", "wrong_algorithm"),
    "alg none, signed": (forged({"alg": "none"}), "wrong_algorithm"),
    "alg HS512": (hs512(), "wrong_algorithm"),
    "alg RS256": (forged({"alg": "RS256"}), "wrong_algorithm"),
    "alg hs256": (forged({"alg": "hs256"}), "wrong_algorithm"),
    "alg absent": (spelled('{"typ":"JWT"}', "{}"), "wrong_algorithm"),
    "alg a list": (forged({"alg": ["HS256"]}), "wrong_algorithm"),
    "typ not JWT": (forged({"typ": "JWE"}), "wrong_algorithm"),
    "crit": (forged({"crit": ["exp"]}), "wrong_algorithm"),
    "crit empty": (forged({"crit": []}), "wrong_algorithm"),
    "kid of another key": (
        forged({"kid": "sig_other"}, key="sig_other0123456789abcdefghijklm"),
        "wrong_key",
    ),
    "jku of another key": (
        forged({"jku": "https://evil.example/keys"}, key="sig_other0123456789abcdefghijklm"),
        "wrong_key",
    ),
    "expired": (forged(exp=int(NOW) - 10), "expired"),
    "expired long ago": (forged(iat=0, nbf=0, exp=300), "expired"),
    "exp negative": (forged(exp=-1), "expired"),
    "not yet begun": (forged(nbf=int(NOW) + 11), "not_yet_valid"),
    "issued in the future": (forged(iat=int(NOW) + 11), "not_yet_valid"),
    "ten years": (forged(exp=int(NOW) + 315_360_000), "lifetime_too_long"),
    "a second more than ten minutes": (forged(exp=int(NOW) + 601), "lifetime_too_long"),
    "exp beyond any clock": (forged(exp=10**1000), "lifetime_too_long"),
    "lifetime hidden behind nbf 0": (forged(nbf=0, exp=int(NOW) + 601), "lifetime_too_long"),
    "another issuer": (forged(iss="upstash"), "wrong_issuer"),
    "an audience": (forged(aud="https://other.example.com/"), "wrong_audience"),
    "a list of audiences": (forged(aud=["shop"]), "wrong_audience"),
    "an empty list of audiences": (forged(aud=[]), "wrong_audience"),
    "audience false": (forged(aud=False), "wrong_audience"),
    "another topic": (forged(sub="https://commands.example.com/"), "wrong_url"),
    "another stage": (forged(sub="https://orders.dev.example.com/"), "wrong_url"),
    "without the slash": (forged(sub=URL.rstrip("/")), "wrong_url"),
    "with a query": (forged(sub=f"{URL}?a=1"), "wrong_url"),
    "upper case": (forged(sub=URL.upper()), "wrong_url"),
    "plain http": (forged(sub=URL.replace("https", "http")), "wrong_url"),
    "with the port": (forged(sub="https://orders.example.com:443/"), "wrong_url"),
    "hash of another body": (forged(body="x" * 43), "wrong_body"),
    "hash not ASCII": (forged(body="ä"), "wrong_body"),
    "hash is only padding": (forged(body="===="), "wrong_body"),
}


@pytest.mark.parametrize(("token", "cause"), FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_delivery_is_refused_with_its_cause(token, cause):
    assert judge(token) == cause


@pytest.mark.parametrize("claim", ["iss", "sub", "exp", "nbf", "iat", "jti", "body"])
def test_delivery_without_a_required_claim_is_refused_by_its_name(claim):
    assert judge(without(claim)) == f"bad_claim_{claim}"


@pytest.mark.parametrize("value", [None, 7, 7.5, True, False, [], ["x"], {}, ""])
@pytest.mark.parametrize("claim", ["iss", "sub", "jti", "body"])
def test_text_claim_of_another_type_is_refused_by_its_name(claim, value):
    assert judge(forged(**{claim: value})) == f"bad_claim_{claim}"


@pytest.mark.parametrize("value", [None, "1772366700", 1_772_366_700.5, True, [], {}, float("nan")])
@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
def test_time_claim_of_another_type_is_refused_by_its_name(claim, value):
    assert judge(forged(**{claim: value})) == f"bad_claim_{claim}"


@pytest.mark.parametrize(
    "token",
    [
        GENUINE,
        sign(URL, BODY, NOW, key=NEXT_KEY),
        forged(nbf=0),
        forged(aud=""),
        forged(aud=None),
        forged(exp=int(NOW) + 600),
        forged(exp=int(NOW) - 9),
        forged(nbf=int(NOW) + 10, iat=int(NOW) + 10),
        forged({"typ": "JWT"}, unknown={"nested": [1]}),
        spelled('{"alg":"HS256"}', json.dumps(claims_for(URL, BODY, NOW))),
    ],
    ids=[
        "current key",
        "next key",
        "nbf 0",
        "empty audience",
        "null audience",
        "ten minutes exactly",
        "expired within the skew",
        "begins within the skew",
        "unknown claims",
        "no typ",
    ],
)
def test_genuine_delivery_is_accepted(token):
    assert judge(token) == "accepted"


@pytest.mark.parametrize("header", [{"kid": "sig_other"}, {"jku": "https://evil.example/"}])
def test_key_hints_in_the_header_choose_nothing(header):
    """Only the two configured keys are ever tried, so a hint beside a genuine signature is inert."""
    assert judge(forged(header)) == "accepted"
    assert judge(forged(header, key="sig_other0123456789abcdefghijklm")) == "wrong_key"


def test_every_changed_byte_of_the_body_is_noticed():
    for index in range(len(BODY)):
        changed = BODY[:index] + bytes([BODY[index] ^ 1]) + BODY[index + 1 :]

        assert judge(GENUINE, changed) == "wrong_body"


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], BODY.replace(b":", b": ")])
def test_another_spelling_of_the_body_is_not_the_body(body):
    assert judge(GENUINE, body) == "wrong_body"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", "ä".encode(), b"\x00" * 3, b"x" * 300_000])
def test_body_is_hashed_as_bytes_whatever_they_mean(body):
    assert judge(sign(URL, body, NOW), body) == "accepted"


def test_body_hash_is_accepted_with_and_without_padding():
    digest = base64.urlsafe_b64encode(hashlib.sha256(BODY).digest()).decode()

    assert digest.endswith("=")
    assert judge(forged(body=digest)) == "accepted"
    assert judge(forged(body=digest.rstrip("="))) == "accepted"


def test_token_for_one_of_several_configured_addresses_is_accepted():
    urls = {"https://a.example.com/", URL}

    verify(GENUINE, BODY, urls=urls, keys=KEYS, now=NOW)
    with pytest.raises(UnauthenticatedError, match="wrong_url"):
        verify(GENUINE, BODY, urls={"https://a.example.com/"}, keys=KEYS, now=NOW)
    with pytest.raises(UnauthenticatedError, match="wrong_url"):
        verify(GENUINE, BODY, urls=set(), keys=KEYS, now=NOW)


@pytest.mark.parametrize(("current", "following"), [(b"", b"k"), (b"k", b""), (b"", b"")])
def test_an_empty_key_cannot_be_configured(current, following):
    with pytest.raises(ValueError, match="must not be empty"):
        SigningKeys(current, following)


def test_keys_do_not_show_in_text():
    assert CURRENT_KEY not in f"{KEYS} {KEYS!r}"
    assert NEXT_KEY not in f"{KEYS} {KEYS!r}"
