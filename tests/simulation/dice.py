"""What goes wrong, decided by a seed, by a script, or not at all."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Fault(StrEnum):
    """The ways in which a call to the outside, or a message on its way, goes wrong."""

    CRASH_BEFORE = "crashes before"
    CRASH_AFTER = "crashes right after"
    SILENT_BEFORE = "gets no answer from (it had no effect)"
    SILENT_AFTER = "gets no answer from (it had its effect)"
    SILENT_LATE = "gets no answer from (its effect comes later)"
    THROTTLED = "is throttled by"
    PAUSED_BEFORE = "is paused beyond its lease before"
    PAUSED_AFTER = "is paused beyond its lease right after"
    HANGS = "hangs until Lambda's deadline in"
    STALE = "reads an index that lags in"
    PARTIAL = "sees a part of its batch refused by"
    REFUSED = "gets HTTP 503 from"
    GARBLED = "gets nonsense as the answer of"
    RESENT = "loses the first reply and asks again in"
    NEVER = "is refused for good by"
    DUPLICATED = "delivers twice"
    DELAYED = "delivers late"
    ANSWER_LOST = "never hears the answer to"


CRASHES = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.HANGS)
PAUSES = (Fault.PAUSED_BEFORE, Fault.PAUSED_AFTER)
EVERYWHERE = (*CRASHES, *PAUSES)


# Calls that are made so rarely that their faults would hardly ever be seen.
_SELDOM_CALLED = {"qstash GET dlq": 3.0, "qstash DELETE dlq": 30.0}


@dataclass(frozen=True)
class Courier:
    """How one message travels: seconds until it arrives, and when copies of it do."""

    delay: float
    copies: tuple[float, ...] = ()


class Dice(Protocol):
    """Every decision that is not the product's."""

    calm: bool

    def fault(self, call: str, possible: tuple[Fault, ...]) -> Fault | None:
        """What goes wrong with this call, if anything."""
        ...

    def latency(self) -> float:
        """Seconds that a call takes."""
        ...

    def courier(self) -> Courier:
        """How a message travels."""
        ...

    def answer_lost(self) -> bool:
        """Whether QStash misses the answer to a delivery."""
        ...

    def pause(self) -> float:
        """Seconds that a worker is paused, longer than any lease."""
        ...

    def fraction(self) -> float:
        """A number from 0 to 1 where only variety matters."""
        ...


class Chaos:
    """Decides by a seed. Each seed has its own weather: which faults occur at all, and how often."""

    def __init__(self, seed: int) -> None:
        self.calm = False
        self._rng = random.Random(f"chaos {seed}")
        self.rates = {
            fault: self._rng.choice((0.002, 0.006, 0.015, 0.04)) if self._occurs() else 0.0
            for fault in Fault
        }
        self._hurry = self._rng.choice((0.004, 0.02, 0.1))

    def _occurs(self) -> bool:
        return self._rng.random() < 0.45

    def fault(self, call: str, possible: tuple[Fault, ...]) -> Fault | None:
        if self.calm:
            return None
        drawn = self._rng.random() / _SELDOM_CALLED.get(call, 1.0)
        for fault in possible:
            drawn -= self.rates[fault]
            if drawn < 0:
                return fault
        return None

    def latency(self) -> float:
        return self._rng.expovariate(1 / self._hurry) if not self.calm else 0.003

    def courier(self) -> Courier:
        usual = self._rng.random() * 0.2
        if self.calm:
            return Courier(usual)
        delay = usual
        if self._rng.random() < self.rates[Fault.DELAYED] * 4:
            delay = self._rng.choice((2.0, 45.0, 400.0, 4000.0)) * (0.5 + self._rng.random())
        copies: list[float] = []
        while len(copies) < 3 and self._rng.random() < self.rates[Fault.DUPLICATED] * 6:
            copies.append(delay + self._rng.choice((0.0, 0.01, 0.3, 20.0, 700.0, 4200.0)))
        return Courier(delay, tuple(copies))

    def answer_lost(self) -> bool:
        return not self.calm and self._rng.random() < self.rates[Fault.ANSWER_LOST]

    def pause(self) -> float:
        return self._rng.choice((31.0, 35.0, 61.0, 70.0, 130.0, 700.0))

    def fraction(self) -> float:
        return self._rng.random()


@dataclass
class Script:
    """Decides nothing by chance: the next calls fail that somebody armed.

    An entry names the beginning of a call's name, how many such calls to let pass, and the fault.
    """

    armed: list[tuple[str, int, Fault]] = field(default_factory=list)
    calm: bool = False
    copies: tuple[float, ...] = ()
    _steps: int = 0

    def arm(self, call: str, after: int, fault: Fault) -> None:
        """Let the call after so many others of its kind go wrong."""
        self.armed.append((call, after, fault))

    def fault(self, call: str, possible: tuple[Fault, ...]) -> Fault | None:
        if self.calm:
            return None
        for index, (prefix, after, fault) in enumerate(self.armed):
            if call.startswith(prefix) and fault in possible:
                if after == 0:
                    del self.armed[index]
                    return fault
                self.armed[index] = (prefix, after - 1, fault)
        return None

    def latency(self) -> float:
        # Not all alike, so that concurrent runs overtake each other.
        self._steps += 1
        return 0.002 + (self._steps * 7 % 5) * 0.001

    def courier(self) -> Courier:
        copies, self.copies = self.copies, ()
        return Courier(0.01, copies)

    def answer_lost(self) -> bool:
        return self.fault("answer", (Fault.ANSWER_LOST,)) is not None

    def pause(self) -> float:
        return 70.0

    def fraction(self) -> float:
        return 0.5


MakeDice = Callable[[], Dice]
