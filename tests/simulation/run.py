"""One run: chaos, then rest, then the questions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.storage.writes import Item
from tests.simulation import deeds, strangers
from tests.simulation.actors import Crowd
from tests.simulation.auditor import the_audit_agrees
from tests.simulation.dice import Chaos
from tests.simulation.invariants import AT_REST
from tests.simulation.journal import Breach, clock_text, shortened
from tests.simulation.letters import AT_REST as LETTERS_AT_REST
from tests.simulation.letters import awaits_another, i27_what_was_blocked_heals_without_a_person
from tests.simulation.outside import START
from tests.simulation.scenario import PLENTY, Scenario
from tests.simulation.tally import Tally
from tests.simulation.world import MINUTE, World

# Longer than the latest copy of a message or the end of any outage.
_DRAIN = 40_000.0
_ROUNDS = 16
# Looks at what is due: more than deliveries of one letter take, however late they are.
_HEALING = 60
# Deliveries after which an event may wait for one that never comes.
_PATIENT = 8


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    scenario: Scenario
    breaches: tuple[Breach, ...]
    tally: Tally
    story: tuple[str, ...]
    state: Mapping[str, Any]
    lasted: float

    def told(self) -> str:
        """The story of a breach, for people."""
        lines = [f"{self.scenario.command} ({clock_text(self.lasted)} of virtual time)"]
        lines += [*self.story, ""]
        lines += [shortened(f"BREACH {breach}") for breach in self.breaches[:5]]
        return "\n".join(lines)


class _Schedule:
    """Starts the reconciler every virtual minute, until told to stop."""

    def __init__(self, world: World) -> None:
        self._world, self.running = world, True
        self._tick()

    def _tick(self) -> None:
        if self.running:
            self._world.reconcile()
            self._world.scheduler.after(MINUTE, self._tick)


def run(scenario: Scenario) -> Outcome:
    """Play a scenario to its end, or to the first breach."""
    world = World(
        scenario.seed,
        Chaos(scenario.seed),
        catalogue=scenario.catalogue,
        stage=scenario.stage,
    )
    world.redis.off = not scenario.redis
    try:
        schedule = _Schedule(world)
        crowd = Crowd(world, scenario)
        for _ in range(scenario.steps):
            if not world.scheduler.halted:
                crowd.act()
        schedule.running = False
        settle(world)
        examine(world)
        return _outcome(world, scenario)
    finally:
        world.close()


def settle(world: World) -> None:
    """No more faults; everything under way ends, operators replay what failed, nothing is owed."""
    world.dice.calm = True
    world.redis.down = world.qstash.down = False
    world.note("everybody", "lets the shop come to rest")
    _drain(world)
    for made in world.records.requests:
        if not set(made.answers) & {202, 400, 409}:
            world.post(made, patience=len(made.answers) + 3)
    heal(world)
    tried: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        world.reconcile()
        _drain(world)
        fresh = [e for e in deeds.letters_in(world, "open") if tried[e] < _tries(world, e)]
        tried.update(fresh)
        # A replay whose operator died can be taken up again, but not before an hour has passed.
        for event_id in (*fresh, *deeds.letters_in(world, "replaying")):
            deeds.replay(world, [event_id])
        _drain(world)
        if not fresh and not _owed(world):
            break
        world.scheduler.run(world.now + 11.5 * MINUTE)
    world.reconcile()
    _drain(world)


def heal(world: World) -> None:
    """Nobody does anything: what the platform was in the way of is delivered again (I27)."""
    for _ in range(_HEALING):
        world.reconcile()
        _drain(world)
        waiting = [row for row in world.tables.all("dead_letters") if _may_heal(row)]
        if not waiting or world.scheduler.halted:
            break
        due = min(datetime.fromisoformat(str(row["dueAt"])) for row in waiting)
        world.scheduler.run(max(world.now + MINUTE, (due - START).total_seconds() + 5))
    if not world.scheduler.halted:
        world.records.breach(i27_what_was_blocked_heals_without_a_person(world))


def _may_heal(row: Item) -> bool:
    tried = int(str(row.get("deliveries", 0)))
    return "nextDeliveryAt" in row and not (awaits_another(row) and tried >= _PATIENT)


def _tries(world: World, event_id: str) -> int:
    # What waits for another event waits for that one's letter, too, and for what that waits for.
    row = world.tables.row("dead_letters", event_id) or {}
    return 4 if row and awaits_another(row) else 1


def _drain(world: World) -> None:
    drained = world.scheduler.halted or world.scheduler.drain(_DRAIN)
    if not drained and not world.scheduler.halted:
        world.records.breach([Breach("I15", "the queues never run dry")])


def _owed(world: World) -> bool:
    tables = world.tables
    rows = (*tables.all("ledger"), *tables.all("checkouts"))
    replaying = any(row["state"] == "replaying" for row in tables.all("dead_letters"))
    held = any("holdShard" in row for row in tables.all("reservations"))
    lapses = world.stage.lapses_after is not None
    unconfirmed = lapses and any(row["status"] == "PENDING" for row in tables.all("orders"))
    return replaying or held or unconfirmed or any("pendingShard" in row for row in rows)


def examine(world: World) -> None:
    """Ask every invariant; then replay all dead letters once more, and ask whether it mattered."""
    if world.scheduler.halted:
        return
    for check in (*AT_REST, *LETTERS_AT_REST, the_audit_agrees):
        world.records.breach(check(world))
    if not world.scheduler.halted:
        i17_replaying_again_changes_nothing(world)


def i17_replaying_again_changes_nothing(world: World) -> None:
    """Every dead letter again, oldest first and newest first, by two ways each: nothing moves.

    What was refused when it came may be possible by now, such as a hold once another has ended; so
    the letters are replayed until that has sorted itself out.
    """
    letters = deeds.letters(world)
    before, after = business_state(world), _replayed(world, letters)
    for _ in range(_ROUNDS):
        if before == after or world.scheduler.halted:
            break
        before, after = after, _replayed(world, letters)
    after = _replayed(world, letters[::-1])
    for name in before:
        if before[name] != after[name]:
            told = f"replaying dead letters again changed {name}"
            moved = [row for row in after[name] if row not in before[name]]
            subjects = frozenset(str(value) for row in moved for value in row)
            world.records.breach([Breach("I17", told, subjects)])


def _replayed(world: World, letters: Sequence[str]) -> dict[str, Any]:
    """The books after these letters were sent again, by operators and by QStash's own console."""
    if letters:
        for event_id in letters:
            deeds.send_again(world, event_id)
        deeds.replay(world, letters, even_if_done=True)
        _drain(world)
        world.reconcile()
        _drain(world)
    return business_state(world)


def business_state(world: World) -> dict[str, Any]:
    """What the shop would call its books: nothing about when or how often it was tried."""
    rows = world.tables.snapshot()
    mails = sorted((m.mail.to, m.mail.template_id, m.mail.event_id) for m in world.records.mails)
    return {
        "orders": [
            (o["orderId"], o["status"], o["items"], o["totalAmount"]) for o in rows["orders"]
        ],
        "stock": [(s["sku"], s["available"], s["alert"]) for s in rows["stock"]],
        "checkouts": [
            (c["orderId"], c["status"], c.get("reason"), c.get("refundAmount"))
            for c in rows["checkouts"]
        ],
        "reservations": [(r["orderId"], r["status"], r["eventId"]) for r in rows["reservations"]],
        "movements": sorted((m["sku"], m["delta"], m["eventId"]) for m in rows["movements"]),
        "audit": sorted((str(a["action"]), str(a["eventId"])) for a in rows["audit"]),
        "mails": mails,
    }


def _outcome(world: World, scenario: Scenario) -> Outcome:
    breaches = tuple(world.records.breaches)
    world.tally.add("runs")
    world.tally.add("breaches", len(breaches))
    world.tally.add("orders", len(world.tables.all("orders")))
    world.tally.add("mails", len(world.records.mails))
    world.tally.add("lapses", sum(map(strangers.has_lapsed, world.tables.all("orders"))))
    world.tally.add("letters", len(world.tables.all("dead_letters")))
    subjects = breaches[0].subjects if breaches else frozenset[str]()
    return Outcome(
        scenario,
        breaches,
        world.tally,
        tuple(world.journal.story(subjects)),
        business_state(world),
        world.now,
    )


def i24_redis_changes_no_result(seed: int, steps: int) -> Outcome:
    """The same people, the same weather, once with Redis and once without: the same books.

    Mail is compared by what was asked for: whether one got lost in the provider's ambiguity window
    is a matter of the weather, and the weather of two runs is not the same.
    """
    with_redis = run(Scenario(seed, steps, plain=True, catalogue=PLENTY))
    without = run(Scenario(seed, steps, redis=False, plain=True, catalogue=PLENTY))
    for outcome in (with_redis, without):
        if outcome.breaches:
            return outcome
    found = tuple(
        Breach("I24", f"without Redis {name} are not what they are with it")
        for name in ("orders", "stock", "checkouts", "movements")
        if with_redis.state[name] != without.state[name]
    )
    return replace(without, breaches=found)
