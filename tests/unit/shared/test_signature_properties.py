"""Whatever we accept, PyJWT and the vendor's receiver accept too; whatever comes, only one error.

The documented differences are on our side of strictness, but for one: our ten seconds of skew,
which PyJWT knows as ``leeway`` and the vendor's receiver not at all.
"""

import base64
import time
from typing import Any

import jwt
from hypothesis import assume, example, given
from hypothesis import strategies as st
from qstash import Receiver

from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import SKEW_SECONDS, SigningKeys, verify
from tests.signing import CURRENT_KEY, NEXT_KEY, by_hand, claims_for, sign

URL = "https://orders.example.com/"
OTHER = "https://commands.example.com/"
KEYS = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
CLAIMS = ["iss", "sub", "exp", "nbf", "iat", "jti", "body", "aud"]
# PyJWT looks at the clock itself, a little later than we do.
SLOWNESS = 20

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
seconds = st.integers(-2000, 2000)
changed_claims: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "iss": st.sampled_from(["Upstash", "upstash", ""]),
        "sub": st.sampled_from([URL, OTHER, URL + "/"]),
        "aud": st.sampled_from(["", None, "shop", [], 0]),
        "jti": st.text(max_size=5),
        "exp": seconds,
        "nbf": seconds,
        "iat": seconds,
    },
)
headers = st.sampled_from(
    [
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT", "kid": "k1"},
        {"alg": "HS256", "typ": "JWT", "jku": "https://evil.example/"},
        {"alg": "hs256", "typ": "JWT"},
        {"alg": "none", "typ": "JWT"},
        {"alg": "HS256", "crit": ["exp"]},
    ]
)
attacker_keys = st.sampled_from(["", "sig_attacker0123456789abcdefghij"])
# Most draws change little, so that many of them are accepted and there is something to compare.
keys = st.sampled_from([CURRENT_KEY, NEXT_KEY]) | attacker_keys
mutations = st.none() | st.tuples(st.integers(0, 10_000), st.characters(codec="ascii"))


def token_of(
    header: dict[str, Any], claims: object, key: str, mutation: tuple[int, str] | None
) -> str:
    token = by_hand(header, claims, key)
    if mutation is None:
        return token
    index, character = mutation[0] % len(token), mutation[1]
    return token[:index] + character + token[index + 1 :]


def accepted(token: str, body: bytes, now: float) -> bool:
    """Our verdict. Anything but an acceptance or an UnauthenticatedError fails the test."""
    try:
        verify(token, body, urls={URL}, keys=KEYS, now=now)
    except UnauthenticatedError:
        return False
    return True


def decoded_by_pyjwt(token: str, leeway: float) -> dict[str, Any]:
    for key in (CURRENT_KEY, NEXT_KEY):
        try:
            return jwt.decode(token, key, algorithms=["HS256"], issuer="Upstash", leeway=leeway)
        except jwt.InvalidSignatureError:
            continue
    raise AssertionError("PyJWT knows none of the keys")


@given(headers, changed_claims, keys, mutations, st.binary(max_size=40), st.booleans())
@example({"alg": "HS256", "typ": "JWT"}, {}, CURRENT_KEY, None, b"{}", False)
@example({"alg": "HS256", "typ": "JWT"}, {"nbf": -2000}, NEXT_KEY, None, b"\xff", False)
@example(
    {"alg": "HS256", "typ": "JWT"}, {"exp": -5, "iat": -10, "nbf": -10}, NEXT_KEY, None, b"", False
)
def test_what_we_accept_pyjwt_accepts(header, changes, key, mutation, body, other_body):
    now = time.time()
    moved = {
        name: int(now) + value if name in {"exp", "nbf", "iat"} else value
        for name, value in changes.items()
    }
    claims = claims_for(URL, body, now, **moved)
    token = token_of(header, claims, key, mutation)
    if not accepted(token, body + b"x" if other_body else body, now):
        return

    assert not other_body
    assert decoded_by_pyjwt(token, SKEW_SECONDS + SLOWNESS) == claims


@given(changed_claims, keys, mutations, st.text(max_size=40))
@example({}, CURRENT_KEY, None, "{}")
@example({}, NEXT_KEY, None, "ä")
def test_what_we_accept_the_vendors_receiver_accepts(changes, key, mutation, text):
    now = time.time()
    times = {"exp": 1, "nbf": -1, "iat": -1}
    moved = {
        name: int(now) + abs(value) * times[name] if name in times else value
        for name, value in changes.items()
    }
    # The receiver has no tolerance for clocks: leave its edge alone.
    assume(moved.get("exp", now + 300) > now + SLOWNESS)
    claims = claims_for(URL, text.encode(), now, **moved)
    token = token_of({"alg": "HS256", "typ": "JWT"}, claims, key, mutation)
    if not accepted(token, text.encode(), now):
        return

    receiver = Receiver(CURRENT_KEY, NEXT_KEY)

    receiver.verify(signature=token, body=text, url=URL)


@given(st.text(alphabet=st.characters(), max_size=200), st.binary(max_size=50))
@example("\ud800.\ud800.\ud800", b"")
@example("\x00", b"\x00")
def test_any_text_as_a_token_is_refused_and_raises_nothing_else(token, body):
    assert not accepted(token, body, time.time())


@given(st.lists(st.binary(max_size=60), min_size=3, max_size=3))
def test_any_three_parts_of_bytes_are_refused_and_raise_nothing_else(parts):
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    assert not accepted(token, b"", time.time())


@given(json_values)
def test_any_json_as_signed_claims_raises_nothing_else(claims):
    assert not accepted(by_hand({"alg": "HS256"}, claims, CURRENT_KEY), b"", time.time())


@given(st.sampled_from(CLAIMS), json_values)
def test_any_json_as_one_signed_claim_raises_nothing_else(name, value):
    now = time.time()
    claims = {**claims_for(URL, b"", now), name: value}

    accepted(by_hand({"alg": "HS256"}, claims, CURRENT_KEY), b"", now)


@given(json_values, st.sampled_from(["alg", "typ", "kid", "crit"]))
def test_any_json_in_the_header_raises_nothing_else(value, name):
    now = time.time()
    header = {"alg": "HS256", "typ": "JWT", name: value}
    token = by_hand(header, claims_for(URL, b"", now), CURRENT_KEY)

    inert = name == "kid" or header == {"alg": "HS256", "typ": "JWT"}
    assert accepted(token, b"", now) is inert


@given(st.binary(max_size=300))
def test_only_the_signed_body_is_accepted(body):
    now = time.time()
    token = sign(URL, b"signed", now)

    assert accepted(token, body, now) is (body == b"signed")
