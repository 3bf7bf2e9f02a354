"""One run of one function, and the gate through which every call of it to the outside goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.simulation.dice import PAUSES, Fault
from tests.simulation.scheduler import Task

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
Response = dict[str, Any]
TIME_LIMIT = 30.0
# Seconds until a client gives up on a silent service.
LIMIT_SECONDS = 2.0
_AFTERWARDS = {Fault.CRASH_AFTER, Fault.SILENT_AFTER, Fault.PAUSED_AFTER}


@dataclass
class Invocation:
    """One run of one function.

    Args:
        who: the instance that runs it, for the story.
        subject: the event or order that it is about.
        leases: Redis keys that this run asked for, and the value of its lease.
        learned: ledger keys whose commit this run knows to have succeeded.
        redis_failed: whether any call to Redis went wrong, so that a lease may be left behind.
        suppression_read: when it last looked at the suppression list.
        zombie: paused beyond its end and running on: Lambda did not manage to stop it.
    """

    world: "World"
    who: str
    task: Task
    subject: str | None = None
    started: float = 0.0
    deadline: float = 0.0
    zombie: bool = False
    done: bool = False
    redis_failed: bool = False
    suppression_read: float | None = None
    leases: dict[str, str] = field(default_factory=dict)
    learned: list[str] = field(default_factory=list)
    qstash_trouble: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.world.now
        self.deadline = self.started + TIME_LIMIT

    def note(self, what: str, *subjects: str | None) -> None:
        """A line of the story, about this run's subject."""
        self.world.journal.note(self.world.now, self.who, what, self.subject, *subjects)

    def call(
        self,
        name: str,
        effect: Callable[[Fault | None], T],
        *,
        possible: tuple[Fault, ...],
        silent: Callable[[], Exception],
        throttled: Callable[[], Exception] | None = None,
        fault: Fault | None = None,
    ) -> T:
        """One call to the outside: takes time, lets others run, and may go wrong.

        Args:
            effect: what the call does; told of the fault, for those that only it can act out.
            possible: the faults that make sense here.
            silent: what the client raises when no answer comes.
            throttled: what it raises when it is told to come again.
            fault: one that is decided already.
        """
        fault = fault or self.world.dice.fault(name, possible)
        if fault is not None:
            self.world.tally.fault(fault)
        if fault is not None and fault not in _AFTERWARDS:
            self.note(f"{fault.value} {name}")
        self._arrive(fault)
        if fault is Fault.THROTTLED and throttled is not None:
            raise throttled()
        if fault is Fault.SILENT_LATE:
            self.world.scheduler.after(self.world.dice.fraction() * 6, lambda: _late(effect))
        if fault in {Fault.SILENT_BEFORE, Fault.SILENT_LATE}:
            raise silent()
        value, error = _outcome(effect, fault)
        if fault in _AFTERWARDS:
            self.note(f"{fault.value} {name}")
        self._return(fault)
        if fault is Fault.SILENT_AFTER:
            raise silent()
        if error is not None:
            raise error
        return value  # type: ignore[return-value]

    def _arrive(self, fault: Fault | None) -> None:
        delay = self.world.dice.latency()
        if fault in {Fault.SILENT_BEFORE, Fault.SILENT_LATE}:
            delay += LIMIT_SECONDS
        if fault is Fault.HANGS:
            delay += TIME_LIMIT
        if fault is Fault.PAUSED_BEFORE:
            delay += self._pause()
        self.task.wait(delay)
        if fault is Fault.CRASH_BEFORE:
            self.task.die()

    def _return(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH_AFTER:
            self.task.die()
        if fault is Fault.PAUSED_AFTER:
            self.task.wait(self._pause())
        if fault in PAUSES:
            self.note("runs on, long after its lease")
        if fault is Fault.SILENT_AFTER:
            self.task.wait(LIMIT_SECONDS)

    def _pause(self) -> float:
        self.zombie = True
        return self.world.dice.pause()


def _outcome(
    effect: Callable[[Fault | None], T], fault: Fault | None
) -> tuple[T | None, Exception | None]:
    try:
        return effect(fault), None
    except Exception as error:  # noqa: BLE001 - the answer of the service, whatever it is
        return None, error


def _late(effect: Callable[[Fault | None], object]) -> None:
    # Refused or not when it comes to it: nobody is there to be told.
    _outcome(effect, Fault.SILENT_LATE)
