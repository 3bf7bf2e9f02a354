"""A Redis in memory that runs the three scripts of the claims, and the client that speaks to it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError as NoRedisError

from shared.adapters import redis_claims
from tests.simulation.dice import EVERYWHERE, Fault

if TYPE_CHECKING:
    from tests.simulation.fleet import Instance

POSSIBLE = (*EVERYWHERE, Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.RESENT)
_GOES_WRONG = {Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.PAUSED_BEFORE, Fault.PAUSED_AFTER}
Answer = bytes | int | None


class SimulatedRedis:
    """Keys with an expiry, and each script as one step that nothing can come between.

    ``down`` is an outage, ``off`` a shop that has no Redis at all.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._values: dict[str, tuple[str, float]] = {}
        self.down = self.off = False

    def get(self, key: str) -> str | None:
        """The value, unless it has expired."""
        value, expires = self._values.get(key, ("", 0.0))
        return value if expires > self._now() else None

    def put(self, key: str, value: str, milliseconds: float) -> None:
        """Store a value for a while."""
        self._values[key] = (value, self._now() + milliseconds / 1000)

    def flush(self) -> None:
        """Forget everything, as a restarted Redis does."""
        self._values.clear()

    def claim(self, key: str, mine: str, lease: int) -> Answer:
        held = self.get(key)
        if held is not None and held != mine:
            return held.encode()
        self.put(key, mine, lease)
        return None

    def complete(self, key: str, mine: str, done: str, milliseconds: int) -> Answer:
        if self.get(key) not in {None, mine}:
            return 0
        self.put(key, done, milliseconds)
        return 1

    def release(self, key: str, mine: str) -> Answer:
        if self.get(key) != mine:
            return 0
        del self._values[key]
        return 1


class RedisClient:
    """The part of redis-py's client that the claims use."""

    def __init__(self, instance: "Instance", server: SimulatedRedis) -> None:
        self._instance, self._server = instance, server

    def register_script(self, text: str) -> Callable[..., Answer]:
        """The script, ready to be called."""
        steps: dict[str, tuple[str, Callable[..., Answer]]] = {
            redis_claims._CLAIM: ("claim", self._server.claim),
            redis_claims._COMPLETE: ("complete", self._server.complete),
            redis_claims._RELEASE: ("release", self._server.release),
        }
        name, step = steps[text]

        def script(*, keys: Sequence[str], args: Sequence[str | int]) -> Answer:
            self._instance.running().leases[keys[0]] = str(args[0])
            return self._run(f"redis.{name}", lambda: step(keys[0], *args))

        return script

    def _run(self, name: str, step: Callable[[], Answer]) -> Answer:
        run = self._instance.running()

        def effect(fault: Fault | None) -> Answer:
            gone = self._server.down or self._server.off
            if fault in _GOES_WRONG or gone:
                run.redis_failed = True
            if gone:
                raise NoRedisError("connection refused")
            first = step()
            return step() if fault is Fault.RESENT else first

        def silent() -> Exception:
            run.redis_failed = True
            return NoRedisError("no answer")

        return run.call(name, effect, possible=POSSIBLE, silent=silent)
