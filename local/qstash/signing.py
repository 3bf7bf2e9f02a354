"""Signing keys, and the JWT that travels with every attempt."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import jwt

from local.qstash.clock import Random

LIFETIME_S = 300


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The key that signs now and the one that will after the next rotation."""

    current: str
    next: str

    def rotated(self, random: Random) -> SigningKeys:
        """Promote the next key and draw a new one; receivers that know both keys notice nothing."""
        return SigningKeys(current=self.next, next=f"sig_{random.text(28)}")


def sign(*, key: str, url: str, body: bytes, now_ms: int, token_id: str) -> str:
    """Make the `Upstash-Signature` of one attempt, valid for five minutes from now.

    `nbf` is 0, as the service's changelog of September 2024 says: a receiver whose clock lags must not refuse.
    The padding of the body hash is kept, as in the documented example; receivers strip it.
    """
    now = now_ms // 1000
    claims = {
        "iss": "Upstash",
        "sub": url,
        "exp": now + LIFETIME_S,
        "nbf": 0,
        "iat": now,
        "jti": f"jwt_{token_id}",
        "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode(claims, key, algorithm="HS256")
