"""Time and randomness as ports, so that every rule can be tested at a chosen moment."""

from __future__ import annotations

import secrets
import time
from typing import Protocol

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Clock(Protocol):
    """Tells the time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...


class Random(Protocol):
    """Source of names that cannot be guessed and do not repeat."""

    def text(self, length: int) -> str:
        """Return base58 characters, the alphabet of QStash ids and keys."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


class SystemRandom:
    """The operating system's random source."""

    def text(self, length: int) -> str:
        """Return base58 characters, the alphabet of QStash ids and keys."""
        return "".join(secrets.choice(_BASE58) for _ in range(length))
