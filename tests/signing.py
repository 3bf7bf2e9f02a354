"""Signs deliveries as QStash does, and as it never would."""

import base64
import hashlib
import json
import secrets
from typing import Any

import jwt

CURRENT_KEY = "sig_current0123456789abcdefghijk"
NEXT_KEY = "sig_following0123456789abcdefghi"
# What the server of a shop signs its checkouts with, and what comes after it.
CHECKOUT_KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NEXT_CHECKOUT_KEY = "whsec_" + base64.b64encode(bytes(range(64, 96))).decode()


def body_hash(body: bytes) -> str:
    """The ``body`` claim, padded as QStash's documentation shows it."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()


def claims_for(url: str, body: bytes, now: float, **changes: Any) -> dict[str, Any]:
    """The claims of a genuine delivery; a change to None removes the claim."""
    claims: dict[str, Any] = {
        "iss": "Upstash",
        "sub": url,
        "exp": int(now) + 300,
        "nbf": int(now),
        "iat": int(now),
        "jti": f"jwt_{secrets.token_hex(8)}",
        "body": body_hash(body),
    }
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def sign(
    url: str,
    body: bytes,
    now: float,
    *,
    key: str = CURRENT_KEY,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A token for one delivery.

    Signed by hand rather than by a JWT library where a library would refuse to make the forgery.
    """
    claims = claims_for(url, body, now, **changes)
    if all(isinstance(claims.get(name, ""), str) for name in ("iss", "sub", "jti", "aud")):
        return jwt.encode(claims, key, algorithm=algorithm, headers=headers)
    return by_hand({"alg": algorithm, "typ": "JWT", **(headers or {})}, claims, key)


def by_hand(header: dict[str, Any], claims: object, key: str) -> str:
    """Any header over any claims, HMAC-SHA256."""
    import hmac  # noqa: PLC0415 - only forgeries need it

    signed = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
    return f"{signed}.{_b64(hmac.digest(key.encode(), signed.encode(), 'sha256'))}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
