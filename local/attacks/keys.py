"""Attacks on stages whose signing keys were torn, typed or left empty, so that a stranger guesses one and signs."""

import base64
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target
from local.stack import aws, secrets
from local.stack.other_settings import other_settings

_SIGNED = Checkouts.SIGNED
# A new version of a function starts anew, and reads its keys anew.
_ANEW: Mapping[str, str] = {"LOG_LEVEL": "INFO"}


def guess_a_checkout_key(target: Target) -> None:
    """The checkout function starts with a key of blanks, of one character, or torn."""
    body = json.dumps(target.cart(target.product())).encode()
    one_byte = "whsec_" + base64.b64encode(b"a" * 32).decode()
    genuine = target.client.stack.checkout["current_signing_key"]
    for weak in (" " * 32, one_byte, f"\n{genuine}"):
        with (
            _key(target, secrets.REQUEST_KEY, weak),
            other_settings(target.client.stack, "checkout", _ANEW),
        ):
            answer = target.client.check_out(body, **_signed(body, weak))
        must(answer.status_code != 202, f"a checkout signed with the key {weak[:8]!r} is taken")
    with other_settings(target.client.stack, "checkout", _ANEW):
        answer = target.client.check_out(body, **target.client.signed(body))
    needs(answer.status_code == 202, "with the genuine key nothing is taken, either")


def guess_a_delivery_key(target: Target) -> None:
    """A topic's function starts with a key of one character, or torn."""
    event = json.dumps(target.event("command.checkout", target.cart(target.product()))).encode()
    genuine = target.client.stack.qstash["current_signing_key"]
    url = target.client.url("commands")
    for weak in ("x" * 32, f"\n{genuine}"):
        headers = {"Upstash-Signature": target.client.signature(url, event, key=weak)}
        with (
            _key(target, "QSTASH_CURRENT_SIGNING_KEY", weak),
            other_settings(target.client.stack, "commands", _ANEW),
        ):
            answer = target.client.invoke("commands", event, headers)
        must(answer.status_code != 200, f"a delivery signed with the key {weak[:8]!r} is taken")
    needs(target.client.deliver("commands", event).status_code == 200, "a genuine one is refused")


@contextmanager
def _key(target: Target, name: str, value: str) -> Iterator[None]:
    """Another key in the parameter store, for as long as this lasts."""
    ssm = aws.client("ssm", target.client.stack.aws.endpoint_url)
    parameter = f"{secrets.CONFIG_PREFIX}/secrets/{name}"
    before = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
    secrets.put(ssm, {name: value})
    try:
        yield
    finally:
        secrets.put(ssm, {name: before})
        ssm.close()


def _signed(body: bytes, key: str) -> Mapping[str, str]:
    """Signed in each of the ways in which careless code could understand such a key."""
    moment = str(int(time.time()))
    encoded = key.strip().removeprefix("whsec_")
    message = b".".join((b"weak", moment.encode(), body))
    understood = (b"", key.encode(), encoded.encode(), base64.b64decode(encoded))
    signatures = [
        base64.b64encode(hmac.new(secret, message, "sha256").digest()).decode()
        for secret in understood
    ]
    return {
        "webhook-id": "weak",
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


ATTACKS = (
    Attack(
        "a checkout key of blanks, of one byte, or with a line break",
        "a key that can be guessed",
        "a function that does not start",
        "S7",
        _SIGNED,
        guess_a_checkout_key,
        is_slow=True,
    ),
    Attack(
        "a QStash key of one character, or with a line break",
        "a key that can be guessed",
        "a function that does not start",
        "S7",
        _SIGNED,
        guess_a_delivery_key,
        is_slow=True,
    ),
)
