"""Ports that fail on command: at one call, before or after its effect."""

from collections.abc import Callable
from typing import Any, Literal

Moment = Literal["before", "after"]


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more, not even a ``finally``'s port call."""


class Faults:
    """Wraps ports, numbers their calls in order, and fails the ones that the plan names.

    ``plan`` maps call number and moment to what to raise. After a ``Killed`` every call fails until
    ``revive``. ``watch`` is told of every call before it happens.
    """

    def __init__(self, plan: dict[tuple[int, Moment], Callable[[], BaseException]] | None = None):
        self.plan = plan or {}
        self.calls: list[str] = []
        self.dead = False
        self.raised = 0
        self.watch: Callable[[str], None] = lambda _: None

    def wrap(self, name: str, port: object) -> Any:
        """The port, with every call under control."""
        return _Wrapped(self, name, port)

    def revive(self) -> None:
        """The next invocation is a new process."""
        self.dead = False

    def call(self, name: str, inner: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self.dead:
            raise Killed
        number = len(self.calls)
        self.calls.append(name)
        self.watch(name)
        self._maybe((number, "before"))
        result = inner(*args, **options)
        self._maybe((number, "after"))
        return result

    def _maybe(self, position: tuple[int, Moment]) -> None:
        make = self.plan.get(position)
        if make is None:
            return
        self.raised += 1
        error = make()
        self.dead = isinstance(error, Killed)
        raise error


class _Wrapped:
    def __init__(self, faults: Faults, name: str, port: object) -> None:
        self._faults, self._name, self._port = faults, name, port

    def __getattr__(self, method: str) -> Any:
        inner = getattr(self._port, method)
        name = f"{self._name}.{method}"
        return lambda *args, **options: self._faults.call(name, inner, *args, **options)
