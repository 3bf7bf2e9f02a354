"""What goes wrong during a run, and when: an order of events that a seed determines."""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.mail_proxy import DOUBTFUL, FAILING, SendOutcome
from tests.chaos.rig import Rig

# A worker dies after so many acts, and never sooner than it takes to start the next one.
_ACTS_PER_KILL = (2, 6)
_KILL_SECONDS = 0.7
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens when this share of the acts (0 to 1) is done."""

    at: float
    says: str
    act: Callable[[Rig], None]


def timeline(chance: random.Random) -> list[Fault]:
    """All faults of a run, in order; the seed moves them against each other."""

    def shift() -> float:
        return chance.uniform(-0.03, 0.03)

    faults = [
        Fault(0.02, "every delivery arrives twice", _twice),
        *_during(0.12 + shift(), 0.05, "Redis is frozen", _freeze, _thaw),
        *_during(0.20 + shift(), 0.22, "SES refuses and breaks", _ses_fails, _ses_works),
        *_during(0.28 + shift(), 0.03, "QStash is killed", _kill_qstash, _restart_qstash),
        Fault(0.36 + shift(), "Redis is emptied", _flush),
        *_during(0.48, 0.02, "QStash is killed again", _kill_qstash, _without_analytics),
        Fault(0.501, "analytics cannot be reached", lambda _rig: None),
        *_during(0.55 + shift(), 0.06, "Redis is killed", _kill_redis, _restart_redis),
        *_during(0.60 + shift(), 0.25, "SES answers too late or never", _ses_doubts, _ses_works),
        Fault(0.80, "QStash is killed, analytics is back", _kill_qstash),
        Fault(0.82, "QStash runs", _restart_qstash),
        Fault(0.90 + shift(), "Redis is emptied again", _flush),
    ]
    return sorted(faults, key=lambda fault: fault.at)


@dataclass(slots=True)
class Mayhem:
    """Runs the faults of a timeline in threads of its own.

    Args:
        done: how many of the ``acts`` are done.
        stop: set when the load is over; what is down by then is put right by ``end``.
        now: what is wrong at the moment, for whoever watches.
    """

    rig: Rig
    faults: Sequence[Fault]
    acts: int
    done: Callable[[], int]
    chance: random.Random
    stop: threading.Event
    now: str = "nothing is wrong"
    errors: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Let things go wrong."""
        for work in (self._faults, self._kills):
            thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Nothing goes wrong any more: everything is up, and answers."""
        self.stop.set()
        for thread in self._threads:
            thread.join()
        rig = self.rig
        _ses_works(rig)
        if rig.redis.server.pid:
            rig.redis.server.resume()
        else:
            rig.redis.restart()
        if rig.qstash.server.pid == 0:
            rig.qstash.restart()
        rig.qstash.duplicate(1)
        self.now = "nothing is wrong any more"

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told at the end, after cleaning up
            self.errors.append(f"{type(error).__name__}: {error}")

    def _faults(self) -> None:
        for fault in self.faults:
            if self._reached(fault.at * self.acts):
                self.now = fault.says
                fault.act(self.rig)

    def _kills(self) -> None:
        after = 0
        while True:
            after += self.chance.randint(*_ACTS_PER_KILL)
            if not self._reached(after) or self.stop.wait(_KILL_SECONDS):
                return
            self.rig.workers.kill_one(self.chance)

    def _reached(self, acts: float) -> bool:
        """Wait for so many acts; False if the load ends first."""
        while self.done() < acts:
            if self.stop.wait(_LOOK_SECONDS):
                return False
        return not self.stop.is_set()


def _during(
    at: float, lasts: float, says: str, begin: Callable[[Rig], None], end: Callable[[Rig], None]
) -> tuple[Fault, Fault]:
    return Fault(at, says, begin), Fault(at + lasts, f"{says}: over", end)


def _twice(rig: Rig) -> None:
    rig.qstash.duplicate(2)


def _freeze(rig: Rig) -> None:
    rig.redis.server.pause()


def _thaw(rig: Rig) -> None:
    rig.redis.server.resume()


def _flush(rig: Rig) -> None:
    rig.redis.flush()


def _kill_redis(rig: Rig) -> None:
    rig.redis.server.kill()


def _restart_redis(rig: Rig) -> None:
    rig.redis.restart()


def _kill_qstash(rig: Rig) -> None:
    rig.qstash.server.kill()


def _restart_qstash(rig: Rig) -> None:
    rig.qstash.restart()


def _without_analytics(rig: Rig) -> None:
    rig.qstash.restart(unreachable=[rig.host("analytics")])


def _ses_fails(rig: Rig) -> None:
    rig.mail.fates = FAILING


def _ses_doubts(rig: Rig) -> None:
    rig.mail.fates = DOUBTFUL


def _ses_works(rig: Rig) -> None:
    rig.mail.fates = (SendOutcome.SENT,)
