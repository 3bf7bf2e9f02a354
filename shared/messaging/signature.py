"""Is this delivery from QStash, for this URL, with this body, now?

Stricter than the vendor's SDK, whose receiver ignores its clock tolerance, checks the URL only if
asked, accepts any lifetime, and raises untyped errors on odd claims. Everything here is decided
over the raw bytes before anything is parsed. A refusal carries its cause for the log; the caller
learns nothing from it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from shared.kernel.clock import Clock
from shared.kernel.errors import PipelineError, UnauthenticatedError

HEADER = "upstash-signature"
ISSUER = "Upstash"
SKEW_SECONDS = 10
MAX_LIFETIME_SECONDS = 600
MAX_AGE_SECONDS = 300
"""How long a warm function keeps signing keys before it reads them again."""
MAX_TOKEN_CHARACTERS = 4096
_TEXT_CLAIMS = ("iss", "sub", "jti", "body")
_TIME_CLAIMS = ("exp", "nbf", "iat")


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The pair that QStash rotates: it signs with ``current``, soon with ``following``."""

    current: bytes
    following: bytes

    def __post_init__(self) -> None:
        """Refuse an empty key: every caller could sign with it (S7)."""
        if not self.current or not self.following:
            raise ValueError("a signing key must not be empty")

    def __repr__(self) -> str:
        """Never the keys."""
        return "SigningKeys(…)"


KeyLoader = Callable[[], SigningKeys]


class RotatingKeys:
    """Signing keys that follow a rotation without a deploy.

    Args:
        load: reads the keys from where ops put them.
        max_age: seconds after which they are read again.
        cooldown: least seconds between two readings, for all callers: bad tokens must not become a
            way to hammer the parameter store (S8, S23).
    """

    def __init__(
        self,
        load: KeyLoader,
        clock: Clock,
        *,
        max_age: float = MAX_AGE_SECONDS,
        cooldown: float = 60,
    ) -> None:
        self._load, self._clock = load, clock
        self._max_age, self._cooldown = max_age, cooldown
        self._keys = load()
        self._read_at = self._tried_at = clock.monotonic()

    def get(self) -> SigningKeys:
        """The keys, read again when they are old."""
        if self._clock.monotonic() - self._read_at >= self._max_age:
            self.refresh()
        return self._keys

    def refresh(self) -> bool:
        """Read the keys again unless that was tried a moment ago; True if they changed.

        A store that does not answer changes nothing: the keys we have go on being the keys.
        """
        now = self._clock.monotonic()
        if now - self._tried_at < self._cooldown:
            return False
        self._tried_at = now
        before = self._keys
        try:
            self._keys = self._load()
        except PipelineError:
            return False
        self._read_at = now
        return before != self._keys


def _refuse(cause: str) -> UnauthenticatedError:
    return UnauthenticatedError(cause)


def _decoded(part: str) -> bytes:
    # The standard library skips foreign characters unless told to validate.
    padded = part.translate(str.maketrans("-_", "+/")) + "=" * (-len(part) % 4)
    try:
        decoded = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise _refuse("malformed_token") from None
    # Spare bits of the last character make other spellings of the same bytes: only one is ours.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise _refuse("malformed_token")
    return decoded


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        raise _refuse("malformed_token") from None
    if not isinstance(value, dict):
        raise _refuse("malformed_token")
    return value


def _signed_claims(token: str, keys: SigningKeys) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise _refuse("malformed_token")
    header = _object(parts[0])
    if (
        header.get("alg") != "HS256"
        or header.get("typ", "JWT") != "JWT"
        or header.keys() & {"crit", "b64"}
    ):
        raise _refuse("wrong_algorithm")
    given = _decoded(parts[2])
    signed = f"{parts[0]}.{parts[1]}".encode()
    matches = [
        hmac.compare_digest(hmac.digest(key, signed, "sha256"), given)
        for key in (keys.current, keys.following)
    ]
    if not any(matches):
        raise _refuse("wrong_key")
    return _object(parts[1])


def _check_times(claims: dict[str, Any], now: float) -> None:
    for name in _TIME_CLAIMS:
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _refuse(f"bad_claim_{name}")
    if claims["exp"] <= now - SKEW_SECONDS:
        raise _refuse("expired")
    if max(claims["nbf"], claims["iat"]) > now + SKEW_SECONDS:
        raise _refuse("not_yet_valid")
    # QStash may send nbf 0, so the lifetime counts from the later of the two beginnings.
    if claims["exp"] - max(claims["nbf"], claims["iat"]) > MAX_LIFETIME_SECONDS:
        raise _refuse("lifetime_too_long")


def _check(claims: dict[str, Any], body: bytes, urls: Collection[str], now: float) -> None:
    for name in _TEXT_CLAIMS:
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise _refuse(f"bad_claim_{name}")
    _check_times(claims, now)
    if claims["iss"] != ISSUER:
        raise _refuse("wrong_issuer")
    # A token with an audience is meant for another service: QStash sends none, or an empty one.
    if claims.get("aud") not in (None, ""):
        raise _refuse("wrong_audience")
    if claims["sub"] not in urls:
        raise _refuse("wrong_url")
    expected = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
    if not hmac.compare_digest(
        claims["body"].rstrip("=").encode("utf-8", "surrogatepass"), expected
    ):
        raise _refuse("wrong_body")


def verify(
    token: str | None, body: bytes, *, urls: Collection[str], keys: SigningKeys, now: float
) -> None:
    """Accept or refuse one delivery.

    Args:
        token: the ``Upstash-Signature`` header.
        body: the raw bytes of the request.
        urls: the configured addresses that this request may have been sent to; never taken from
            the request itself (S3).
        now: seconds since 1970.

    Raises:
        UnauthenticatedError: with the cause; never any other exception.
    """
    if not token:
        raise _refuse("missing")
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise _refuse("malformed_token")
    _check(_signed_claims(token, keys), body, urls, now)


class Verifier:
    """Verification with keys that may rotate at any moment."""

    def __init__(self, keys: RotatingKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def __call__(self, token: str | None, body: bytes, urls: Collection[str]) -> None:
        """Accept or refuse; a signature by an unknown key makes us look once for new keys.

        Raises:
            UnauthenticatedError: with the cause.
        """
        now = self._clock.now().timestamp()
        try:
            verify(token, body, urls=urls, keys=self._keys.get(), now=now)
        except UnauthenticatedError as error:
            if error.cause != "wrong_key" or not self._keys.refresh():
                raise
            verify(token, body, urls=urls, keys=self._keys.get(), now=now)
