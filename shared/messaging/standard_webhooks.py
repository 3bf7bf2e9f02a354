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
from dataclasses import dataclass

from shared.kernel.errors import UnauthenticatedError

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


@dataclass(frozen=True, slots=True)
class RequestKeys:
    """What the shop's server signs with: ``current``, and ``following`` during a rotation."""

    current: bytes
    following: bytes

    def __repr__(self) -> str:
        """Never the keys."""
        return "RequestKeys(…)"


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


def verify(headers: Mapping[str, str], body: bytes, *, keys: RequestKeys, now: float) -> None:
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
