"""The ``Claims`` port on Redis: leases with an owner token, compared inside Redis.

A plain ``SET NX`` locks the claimer out of its own event when the reply to its first try is lost
and the client sends it again; comparing the token makes the claim idempotent for its owner. Lua,
because ``SET NX GET`` needs Redis 7 and the embedded one is older.
"""

from collections.abc import Callable

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

from shared.kernel.clock import Clock
from shared.messaging.claims import KEY, Claim, ClaimFormat, ClaimState

_CLAIM = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""
_COMPLETE = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

_FAILURES_TO_OPEN = 3
_SECONDS_OPEN = 5.0


class Breaker:
    """Stops asking a Redis that does not answer, so that its timeouts are not paid per event."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    def closed(self) -> bool:
        """Whether to ask at all."""
        return self._clock.monotonic() >= self._open_until

    def succeeded(self) -> None:
        """Redis answered."""
        self._failures = 0

    def failed(self) -> None:
        """Redis did not answer; after some of these in a row, leave it alone for a while."""
        self._failures += 1
        if self._failures >= _FAILURES_TO_OPEN:
            self._open_until = self._clock.monotonic() + _SECONDS_OPEN
            self._failures = 0


class RedisClaims:
    """Claims in Redis. Whatever goes wrong is "unknown", never an error and never "duplicate".

    Args:
        done_seconds: how long a finished event answers from here.
        new_token: a fresh, unguessable token per claim.
        on_failure: told of every call that Redis did not answer, for the metric.
    """

    def __init__(
        self,
        client: Redis,
        claim_format: ClaimFormat,
        clock: Clock,
        *,
        new_token: Callable[[], str],
        key_prefix: str = "",
        done_seconds: int = 3600,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._format, self._clock, self._new_token = claim_format, clock, new_token
        self._prefix, self._done_ms = key_prefix, done_seconds * 1000
        self._on_failure, self._breaker = on_failure, Breaker(clock)
        self._client = client
        self._claim = client.register_script(_CLAIM)
        self._complete = client.register_script(_COMPLETE)
        self._release = client.register_script(_RELEASE)

    def connect(self) -> None:
        """Open the connection that the first claim would open.

        Raises:
            RedisError: Redis did not answer; the first claim finds out for itself.
        """
        self._client.ping()

    def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Claim:
        """Take the event, or learn who has it."""
        now_ms = self._now_ms()
        lease_ms = int(lease_seconds * 1000)
        mine = self._format.lease(self._new_token(), now_ms + lease_ms)
        answered, held = self._run(self._claim, event_id, [mine, lease_ms])
        if not answered:
            # The claim may be there all the same, with only its reply lost: keep the token, so
            # that a failed run can still give it back.
            return Claim(ClaimState.UNKNOWN, token=mine)
        if held is None:
            return Claim(ClaimState.CLAIMED, token=mine)
        text = held.decode("utf-8", "replace") if isinstance(held, bytes) else str(held)
        return self._format.read(event_id, text, now_ms, content)

    def complete(self, event_id: str, token: str, *, content: str = "") -> None:
        """Mark the event done if the claim is still ours, or is gone."""
        mark = self._format.done(event_id, content)
        self._run(self._complete, event_id, [token, mark, self._done_ms])

    def release(self, event_id: str, token: str) -> None:
        """Give the claim back if it is still ours."""
        self._run(self._release, event_id, [token])

    def _run(
        self, script: Script, event_id: str, arguments: list[str | int]
    ) -> tuple[bool, object]:
        if not self._breaker.closed():
            return False, None
        try:
            result = script(keys=[self._prefix + KEY.format(event_id=event_id)], args=arguments)
        except (RedisError, OSError):
            self._breaker.failed()
            self._on_failure()
            return False, None
        self._breaker.succeeded()
        return True, result

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
