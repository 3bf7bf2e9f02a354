"""Claims in memory. Trusted because tests/conformance runs one suite over this and Redis."""

from shared.kernel.clock import Clock
from shared.messaging.claims import Claim, ClaimFormat, ClaimState


class InMemoryClaims:
    """The ``Claims`` port over a dictionary with expiry.

    Set ``down`` to behave like an unreachable Redis. ``calls`` lists the calls by name.
    """

    def __init__(self, clock: Clock, *, scope: str = "test/consumer") -> None:
        self._clock, self._format = clock, ClaimFormat(scope, b"secret")
        self._values: dict[str, tuple[str, float]] = {}
        self._tokens = 0
        self.down = False
        self.calls: list[str] = []

    def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Claim:
        self.calls.append("claim")
        if self.down:
            return Claim(ClaimState.UNKNOWN, token="perhaps")
        now = self._clock.now().timestamp()
        held = self._held(event_id)
        if held is not None:
            return self._format.read(event_id, held, int(now * 1000), content)
        self._tokens += 1
        mine = self._format.lease(f"t{self._tokens}", int((now + lease_seconds) * 1000))
        self._values[event_id] = (mine, now + lease_seconds)
        return Claim(ClaimState.CLAIMED, token=mine)

    def complete(self, event_id: str, token: str, *, content: str = "") -> None:
        self.calls.append("complete")
        if not self.down and self._held(event_id) in (None, token):
            expires = self._clock.now().timestamp() + 3600
            self._values[event_id] = (self._format.done(event_id, content), expires)

    def release(self, event_id: str, token: str) -> None:
        self.calls.append("release")
        if not self.down and self._held(event_id) == token:
            del self._values[event_id]

    def flush(self) -> None:
        """Forget everything, as a restarted Redis does."""
        self._values.clear()

    def poison(self, event_id: str, value: str) -> None:
        """Somebody else wrote this."""
        self._values[event_id] = (value, self._clock.now().timestamp() + 3600)

    def _held(self, event_id: str) -> str | None:
        value, expires = self._values.get(event_id, ("", 0.0))
        return value if expires > self._clock.now().timestamp() else None
