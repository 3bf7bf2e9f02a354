"""One run from start to verdict: load and faults together, then rest, then the reckoning."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.stack.polling import wait_for
from local.terminal import Terminal, seconds
from tests.chaos import load
from tests.chaos.faults import Mayhem, timeline
from tests.chaos.mail_proxy import SendOutcome
from tests.chaos.rig import Rig
from tests.chaos.settle import Owed, Settling
from tests.chaos.shoppers import Book, Shoppers
from tests.chaos.verdict import Verdict, judge

# Of the whole time: the load, at most; what is left belongs to coming to rest.
_LOAD_SHARE = 0.5
_WARM_SECONDS = 90.0
_LOOK_SECONDS = 1.0
_PLAIN_SECONDS = 10.0
# Kept for judging.
_RESERVE = 25.0


@dataclass(slots=True)
class Ticker:
    """A line that somebody watches, or one every few seconds in a log."""

    terminal: Terminal
    started: float
    _spoken: float = 0.0

    def tell(self, text: str) -> None:
        """What goes on."""
        line = f"  ..  {seconds(time.monotonic() - self.started)}  {text}"
        self.terminal.draw(line)
        if not self.terminal.live and time.monotonic() - self._spoken > _PLAIN_SECONDS:
            self._spoken = time.monotonic()
            self.terminal.line(line)

    def say(self, text: str) -> None:
        """What was reached."""
        self.terminal.erase()
        self.terminal.line(f"  ok  {text}  {seconds(time.monotonic() - self.started)}")


def campaign(
    rig: Rig, *, seed: int, checkouts: int, minutes: float, ticker: Ticker
) -> tuple[Verdict, Settling]:
    """Run it; the verdict, and how it came to rest."""
    end = ticker.started + minutes * 60
    load.stock(rig.client)
    _warm(rig, random.Random(seed + 3), ticker)
    left = end - time.monotonic()
    book = _under_fire(rig, seed, checkouts, left * _LOAD_SHARE, ticker)
    ticker.say(f"{book.done} of {checkouts} acts under fire, {book.posts} requests")
    settling = Settling(rig, book.poisoned, ticker.tell)
    owed = settling.run(end - _RESERVE)
    rig.qstash.tally()
    if not owed:
        ticker.say("nothing is owed to anybody any more")
    ticker.tell("judging")
    verdict = judge(rig, book)
    if owed:
        verdict.breaches.insert(0, f"not at rest in time, {_text(owed)}")
    verdict.breaches += [f"reconciler: {error}" for error in settling.errors]
    _count(rig, settling, verdict)
    return verdict, settling


def _text(owed: Owed) -> str:
    return f"still owed: {owed}"


def _warm(rig: Rig, chance: random.Random, ticker: Ticker) -> None:
    """One checkout before anything fails, so that every function has started once."""
    answer = rig.client.check_out(load.ordinary(chance))
    wait_for(rig.client.is_idle, "the first checkout is done", limit=_WARM_SECONDS)
    ticker.say(f"a first checkout, answered with {answer.status_code}")


def _under_fire(rig: Rig, seed: int, count: int, duration: float, ticker: Ticker) -> Book:
    stop, over = threading.Event(), threading.Event()
    acts = load.plan(count, random.Random(seed))
    shoppers = Shoppers(rig.client, acts, due=rig.qstash.due, stop=stop)
    book, chance = shoppers.book, random.Random(seed + 1)
    mayhem = Mayhem(rig, timeline(chance), count, lambda: book.done, chance, over)
    crowd = threading.Thread(target=shoppers.run, daemon=True)
    mayhem.begin()
    crowd.start()
    try:
        _watch(crowd, duration, lambda: _line(book, rig, mayhem, count), ticker)
    finally:
        stop.set()
        mayhem.end()
        crowd.join()
    book.broken += mayhem.errors
    return book


def _watch(crowd: threading.Thread, most: float, line: Callable[[], str], ticker: Ticker) -> None:
    limit = time.monotonic() + most
    while crowd.is_alive() and time.monotonic() < limit:
        ticker.tell(line())
        crowd.join(_LOOK_SECONDS)


def _line(book: Book, rig: Rig, mayhem: Mayhem, count: int) -> str:
    done = f"{book.done}/{count} acts, {len(book.accepted)} accepted"
    return f"{done}, {rig.workers.kills} workers killed; {mayhem.now}"


def _count(rig: Rig, settling: Settling, verdict: Verdict) -> None:
    sends = rig.mail.counts
    verdict.figures |= {
        "deliveries": rig.qstash.delivered,
        "duplicates delivered": rig.qstash.copies,
        "deliveries not answered with 200": rig.qstash.failed,
        "workers killed": rig.workers.kills,
        "QStash killed": rig.qstash.server.kills,
        "Redis killed": rig.redis.server.kills,
        "sends refused or broken": sends[SendOutcome.THROTTLED] + sends[SendOutcome.BROKEN],
        "sends with a lost answer": sends[SendOutcome.LOST_REPLY] + sends[SendOutcome.TIMEOUT],
        "dead letters": settling.seen,
        "replays by an operator": settling.replays,
        "outboxes healed by the reconciler": settling.reconciled.get("outboxes", 0),
        "commands repeated by the reconciler": settling.reconciled.get("commands", 0),
        "failures it fetched itself": settling.reconciled.get("letters", 0),
    }
