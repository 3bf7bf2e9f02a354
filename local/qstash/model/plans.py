"""What an account may do: the limits of Upstash's plans, as far as a publisher can run into them.

The official development server takes the same choice (`-quota`) and has the same default.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.qstash.syntax.durations import DAY_MS, HOUR_MS, MINUTE_MS

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """Upper bounds. `max_delay_ms` is None where a message may wait for any time."""

    name: str
    max_retries: int
    max_delay_ms: int | None
    max_timeout_ms: int
    max_body_bytes: int
    queue_parallelism: int
    queues: int
    url_groups: int
    schedules: int
    dead_letter_retention_ms: int


FREE = Plan(
    name="free",
    max_retries=3,
    max_delay_ms=7 * DAY_MS,
    max_timeout_ms=15 * MINUTE_MS,
    max_body_bytes=_MIB,
    queue_parallelism=10,
    queues=10,
    url_groups=1,
    schedules=10,
    dead_letter_retention_ms=3 * DAY_MS,
)
PAYG = Plan(
    name="payg",
    max_retries=5,
    max_delay_ms=365 * DAY_MS,
    max_timeout_ms=2 * HOUR_MS,
    max_body_bytes=10 * _MIB,
    queue_parallelism=100,
    queues=100,
    url_groups=100,
    schedules=1_000,
    dead_letter_retention_ms=7 * DAY_MS,
)
PRO = Plan(
    name="pro",
    max_retries=20,
    max_delay_ms=None,
    max_timeout_ms=DAY_MS,  # "custom" in the price list
    max_body_bytes=50 * _MIB,
    queue_parallelism=200,
    queues=1_000,
    url_groups=1_000,
    schedules=10_000,
    dead_letter_retention_ms=30 * DAY_MS,
)

PLANS = {plan.name: plan for plan in (FREE, PAYG, PRO)}
