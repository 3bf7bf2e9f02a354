"""Did the shop's own server sign this request? The Standard Webhooks scheme, over the raw bytes.

The server that took the payment sends three headers: ``webhook-id``, ``webhook-timestamp`` (seconds
since 1970) and ``webhook-signature``, a list of ``v1,<base64>``. Each is the HMAC-SHA256 of
``<id>.<timestamp>.<body>``. Two keys are believed, so that one of them can be replaced while both
sides keep running. Source: the specification at standardwebhooks.com, symmetric signatures.

A repeated request is not refused here: within five minutes it is the same bytes, and the same
payment is the same checkout.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Mapping

from shared.kernel.clock import Clock
from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import RotatingKeys, SigningKeys

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300
KEY_PREFIX = "whsec_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
# A rotation needs two signatures. More only make us compute.
_MAX_SIGNATURES = 8
_MAX_HEADER = 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SECONDS = re.compile(r"[1-9][0-9]{0,11}")
_VERSION = "v1,"


def decoded_key(text: str) -> bytes:
    """A key as the scheme writes it: ``whsec_`` and the base64 of 24 to 64 random bytes.

    Raises:
        ValueError: anything else, or bytes that are clearly not random.
    """
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        key = b""
    if not text.startswith(KEY_PREFIX) or not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(
            f"must be {KEY_PREFIX} and the base64 of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes"
        )
    # Random bytes never repeat themselves so often; what a person types does.
    if len(set(key)) < MIN_KEY_BYTES // 2:
        raise ValueError("must be random bytes, and repeats itself")
    return key


def verify(headers: Mapping[str, str], body: bytes, *, keys: SigningKeys, now: float) -> None:
    """Accept or refuse one request, before anything of its body is parsed.

    Args:
        headers: by lower-case names.
        body: the bytes as they were sent.
        now: seconds since 1970.

    Raises:
        UnauthenticatedError: with the cause for the log; never any other exception.
    """
    message_id, timestamp = headers.get(ID), headers.get(TIMESTAMP)
    given = headers.get(SIGNATURE)
    if not message_id or not timestamp or not given:
        raise UnauthenticatedError("missing")
    if _ID.fullmatch(message_id) is None:
        raise UnauthenticatedError("malformed_id")
    if _SECONDS.fullmatch(timestamp) is None:
        raise UnauthenticatedError("malformed_timestamp")
    signatures = tuple(_signatures(given))
    if not signatures:
        raise UnauthenticatedError("malformed_signature")
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    expected = [hmac.digest(key, signed, "sha256") for key in (keys.current, keys.following)]
    # Every pair is compared, so that the time tells nothing about which one fits.
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in signatures]
    if not any(matches):
        raise UnauthenticatedError("wrong_key")
    # Last, so that the log calls stale only what was genuine once.
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise UnauthenticatedError("stale")


class RequestVerifier:
    """Verification with keys that may rotate at any moment."""

    def __init__(self, keys: RotatingKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def __call__(self, headers: Mapping[str, str], body: bytes) -> None:
        """Accept or refuse; a signature by an unknown key makes us look once for new keys.

        Raises:
            UnauthenticatedError: with the cause.
        """
        now = self._clock.now().timestamp()
        try:
            verify(headers, body, keys=self._keys.get(), now=now)
        except UnauthenticatedError as error:
            if error.cause != "wrong_key" or not self._keys.refresh():
                raise
            verify(headers, body, keys=self._keys.get(), now=now)


def sign(body: bytes, *, key: str, message_id: str, now: float) -> dict[str, str]:
    """The headers of a request, as the server of a shop sends them.

    Args:
        body: the very bytes that will be sent.
        key: as the scheme writes it (``whsec_…``).
        message_id: a name of this request, new for each one; 1 to 256 characters of A-Z a-z 0-9 _ -.
        now: seconds since 1970.

    Raises:
        ValueError: a key or a name that no receiver takes.
    """
    if _ID.fullmatch(message_id) is None:
        raise ValueError("message_id: must be 1 to 256 characters of A-Z a-z 0-9 _ -")
    moment = str(int(now))
    signed = b".".join((message_id.encode(), moment.encode(), body))
    signature = base64.b64encode(hmac.digest(decoded_key(key), signed, "sha256")).decode()
    return {ID: message_id, TIMESTAMP: moment, SIGNATURE: f"{_VERSION}{signature}"}


def _signatures(header: str) -> Iterator[bytes]:
    """The signatures of the one version we know; others are for other readers."""
    if len(header) > _MAX_HEADER or not header.isascii():
        return
    for part in header.split(" ")[:_MAX_SIGNATURES]:
        if part.startswith(_VERSION):
            try:
                yield base64.b64decode(part.removeprefix(_VERSION), validate=True)
            except (binascii.Error, ValueError):
                continue
