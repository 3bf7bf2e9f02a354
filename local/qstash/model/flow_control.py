"""Flow-control keys: how many of a key's messages may be under way, and how many may start per period."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from local.qstash.model.drafts import FlowControl
from local.qstash.syntax.durations import SECOND_MS


@dataclass(slots=True)
class FlowKey:
    """One key: its limits and what runs against them.

    Pinned limits count before all others. While messages wait for a place, the highest of their
    limits count, as at the service: a change of limits takes hold when the messages from before it
    have started. While none waits, those of the latest message count.
    """

    key: str
    parallelism: int | None = None
    rate: int | None = None
    period_ms: int = SECOND_MS
    paused: bool = False
    pinned_parallelism: bool = False
    pinned_rate: bool = False
    running: int = 0
    started: int = 0
    period_start_ms: int = 0
    waiting: Counter[FlowControl] = field(default_factory=Counter)

    def adopt(self, limits: FlowControl) -> None:
        """Take over the limits of a newly published message, except pinned ones."""
        if not self.pinned_parallelism:
            self.parallelism = limits.parallelism
        if not self.pinned_rate:
            self.rate = limits.rate
            self.period_ms = limits.period_ms

    def joined(self, limits: FlowControl) -> None:
        """A message with these limits begins to wait for a place."""
        self.waiting[limits] += 1

    def left(self, limits: FlowControl) -> None:
        """A message with these limits waits no longer: it starts, or it was cancelled."""
        self.waiting[limits] -= 1
        if self.waiting[limits] <= 0:
            del self.waiting[limits]

    @property
    def parallelism_now(self) -> int | None:
        """How many may be under way; None is any number."""
        if self.pinned_parallelism or not self.waiting:
            return self.parallelism
        asked = [limits.parallelism for limits in self.waiting if limits.parallelism is not None]
        return max(asked) if len(asked) == len(self.waiting) else None

    @property
    def rate_now(self) -> tuple[int | None, int]:
        """How many may start per period, None for any number, and the period in milliseconds."""
        if self.pinned_rate or not self.waiting:
            return self.rate, self.period_ms
        asked = [
            (limits.rate, limits.period_ms) for limits in self.waiting if limits.rate is not None
        ]
        if len(asked) < len(self.waiting):
            return None, self.period_ms
        return max(asked, key=lambda limit: (limit[0] / limit[1], limit[0]))

    def try_start(self, now_ms: int) -> bool:
        """Claim a place for one attempt, if the limits leave one."""
        self._roll(now_ms)
        if self.paused or self._crowded() or self._spent():
            return False
        self.running += 1
        self.started += 1
        return True

    def ended(self) -> None:
        """Give the place back."""
        self.running -= 1

    def reopens_ms(self, now_ms: int) -> int | None:
        """Tell when the rate alone will allow the next start; None if something else must happen first."""
        if self.paused or self._crowded():
            return None
        self._roll(now_ms)
        return self.period_start_ms + self.rate_now[1] if self._spent() else now_ms

    def reset_rate(self, now_ms: int) -> None:
        """Begin a new period now."""
        self.period_start_ms = now_ms
        self.started = 0

    def settings(self) -> dict[str, object]:
        """Return what must survive a restart: limits, pins and the pause, not the counters."""
        counters = {"running", "started", "period_start_ms", "waiting"}
        names = (each.name for each in fields(self))
        return {name: getattr(self, name) for name in names if name not in counters}

    def _crowded(self) -> bool:
        most = self.parallelism_now
        return most is not None and self.running >= most

    def _spent(self) -> bool:
        rate, _ = self.rate_now
        return rate is not None and self.started >= rate

    def _roll(self, now_ms: int) -> None:
        if now_ms - self.period_start_ms >= self.rate_now[1]:
            self.reset_rate(now_ms)
