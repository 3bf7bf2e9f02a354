"""How a claim is spelled in Redis, and why a value found there is never simply believed.

``l:{token}:{deadline}`` is a lease until ``deadline`` (milliseconds since 1970); ``d:{seal}`` says
done. The seal is a MAC over stage, consumer, event id and what the event says: a program that can
write to Redis but does not know the secret cannot make us skip an event (S27), and an event that says
something else under the same id does not pass for the one that is done (I29). Anything else counts
as "Redis knows nothing", and the durable ledger decides.
"""

import hashlib
import hmac
import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class ClaimState(Enum):
    """What the fast path knows of an event."""

    CLAIMED = "claimed"
    BUSY = "busy"
    DONE = "done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """Answer to a claim.

    Args:
        token: names the holder; only it may complete or release. Empty unless we hold the claim,
            or might.
        retry_after: seconds until a busy claim lapses.
    """

    state: ClaimState
    token: str = ""
    retry_after: int = 0


class Claims(Protocol):
    """The dedup fast path. Never the truth: it may forget or be absent, but raises nothing."""

    def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Claim:
        """Try to become the run that handles this event.

        Args:
            content: digest of what the event says; ``DONE`` is only answered about the same.
        """
        ...

    def complete(self, event_id: str, token: str, *, content: str = "") -> None:
        """Remember that the event is done, so that a duplicate costs one call."""
        ...

    def release(self, event_id: str, token: str) -> None:
        """Give the claim back after a failure, so that the next retry really runs (I10)."""
        ...


KEY = "webhook:dedup:{event_id}"
# A lease further away than this was not written by us: an invocation ends within 15 minutes.
_LONGEST_LEASE_MS = 16 * 60 * 1000
_DEADLINE = re.compile("[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class ClaimFormat:
    """Writes and reads the values.

    Args:
        scope: stage and consumer; a mark made elsewhere means nothing here.
        secret: what seals a ``done``. When it rotates, old marks merely stop helping.
    """

    scope: str
    secret: bytes

    def __repr__(self) -> str:
        """Never the secret."""
        return f"ClaimFormat(scope={self.scope!r})"

    def lease(self, token: str, deadline_ms: int) -> str:
        """The value of a claim held until the deadline."""
        return f"l:{token}:{deadline_ms}"

    def done(self, event_id: str, content: str = "") -> str:
        """The value that says the event is done.

        Args:
            content: digest of what the event says; a mark without one is good for any content.
        """
        parts = (self.scope, event_id, content) if content else (self.scope, event_id)
        message = "\n".join(parts).encode()
        return f"d:{hmac.digest(self.secret, message, hashlib.sha256)[:16].hex()}"

    def read(self, event_id: str, value: str, now_ms: int, content: str = "") -> Claim:
        """What a value found in Redis means for a run that wants to claim.

        Args:
            content: digest of what the claimer's event says.
        """
        if value.startswith("d:"):
            genuine = self._is_genuine(value, event_id, content)
            return Claim(ClaimState.DONE if genuine else ClaimState.UNKNOWN)
        kind, _, rest = value.partition(":")
        deadline = rest.rpartition(":")[2]
        if kind != "l" or _DEADLINE.fullmatch(deadline) is None:
            return Claim(ClaimState.UNKNOWN)
        left = int(deadline) - now_ms
        if not 0 < left <= _LONGEST_LEASE_MS:
            return Claim(ClaimState.UNKNOWN)
        return Claim(ClaimState.BUSY, retry_after=max(1, math.ceil(left / 1000)))

    def _is_genuine(self, value: str, event_id: str, content: str) -> bool:
        # The second mark is what versions before contents were known have written (I25).
        marks = (self.done(event_id, content), self.done(event_id))
        return any(hmac.compare_digest(value.encode(), mark.encode()) for mark in marks)
