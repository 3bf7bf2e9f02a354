"""A Redis in memory that runs the claims' own Lua scripts, and the client that speaks to it."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from lupa.lua51 import LuaRuntime  # the version that Redis has
from redis.exceptions import ConnectionError as NoRedisError

from shared.adapters import redis_claims
from tests.simulation.dice import EVERYWHERE, Fault
from tests.simulation.journal import Breach

if TYPE_CHECKING:
    from tests.simulation.fleet import Instance

POSSIBLE = (*EVERYWHERE, Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.RESENT)
_GOES_WRONG = {Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.PAUSED_BEFORE, Fault.PAUSED_AFTER}
_NAMES = {
    redis_claims._CLAIM: "redis.claim",
    redis_claims._COMPLETE: "redis.complete",
    redis_claims._RELEASE: "redis.release",
}
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

    def evaluate(self, text: str, key: str, arguments: Sequence[str | int]) -> Answer:
        """Run a script on one key, as Redis does."""
        answer = _compiled(text)(self._command, _lua().table(key), _lua().table(*arguments))
        if isinstance(answer, str):
            return answer.encode()
        return None if answer is False else answer

    def _command(self, name: str, key: str, *arguments: Any) -> Answer | str | bool:
        if name == "GET":
            found = self.get(key)
            return False if found is None else found  # what Redis makes of nothing for Lua
        if name == "SET":
            value, _, milliseconds = arguments
            self.put(key, value, milliseconds)
            return True
        return 0 if self._values.pop(key, None) is None else 1


@cache
def _lua() -> Any:
    return LuaRuntime(register_eval=False)


@cache
def _compiled(text: str) -> Callable[..., Any]:
    script = f"function(call, KEYS, ARGV) local redis = {{ call = call }} {text} end"
    compiled: Callable[..., Any] = _lua().eval(script)
    return compiled


class RedisClient:
    """The part of redis-py's client that the claims use."""

    def __init__(self, instance: "Instance", server: SimulatedRedis) -> None:
        self._instance, self._server = instance, server

    def register_script(self, text: str) -> Callable[..., Answer]:
        """The script, ready to be called."""
        name = _NAMES[text]

        def script(*, keys: Sequence[str], args: Sequence[str | int]) -> Answer:
            self._instance.running().leases[keys[0]] = str(args[0])
            return self._run(name, lambda: self._evaluate(text, keys[0], args))

        return script

    def _evaluate(self, text: str, key: str, args: Sequence[str | int]) -> Answer:
        before = self._server.get(key)
        answer = self._server.evaluate(text, key, args)
        if before not in {None, args[0], self._server.get(key)}:
            run, world = self._instance.running(), self._instance.world
            told = f"{run.who} ended the claim of another on {key}"
            world.records.breach([Breach("I11", told, frozenset({str(run.subject)}))])
        return answer

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
