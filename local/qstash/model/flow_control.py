"""Flow-control keys: how many of a key's messages may be under way, and how many may start per period."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from local.qstash.model.drafts import FlowControl
from local.qstash.syntax.durations import SECOND_MS


@dataclass(slots=True)
class FlowKey:
    """One key: its limits (the latest message's, unless pinned) and what runs against them."""

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

    def adopt(self, limits: FlowControl) -> None:
        """Take over the limits of a newly published message, except pinned ones."""
        if not self.pinned_parallelism:
            self.parallelism = limits.parallelism
        if not self.pinned_rate:
            self.rate = limits.rate
            self.period_ms = limits.period_ms

    def try_start(self, now_ms: int) -> bool:
        """Claim a place for one attempt, if the limits leave one."""
        self._roll(now_ms)
        if self.paused or self._crowded() or (self.rate is not None and self.started >= self.rate):
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
        full = self.rate is not None and self.started >= self.rate
        return self.period_start_ms + self.period_ms if full else now_ms

    def reset_rate(self, now_ms: int) -> None:
        """Begin a new period now."""
        self.period_start_ms = now_ms
        self.started = 0

    def settings(self) -> dict[str, object]:
        """Return what must survive a restart: limits, pins and the pause, not the counters."""
        record = asdict(self)
        for counter in ("running", "started", "period_start_ms"):
            del record[counter]
        return record

    def _crowded(self) -> bool:
        return self.parallelism is not None and self.running >= self.parallelism

    def _roll(self, now_ms: int) -> None:
        if now_ms - self.period_start_ms >= self.period_ms:
            self.reset_rate(now_ms)
