"""Pending work and dead letters, as the reconciler sees them in the tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from functions.reconciler.domain import OwedCheckout
from shared.clock import Clock, iso
from shared.contracts.analytics import DeadLetterReported
from shared.contracts.topics import Topic
from shared.dead_letters.keep import keep_dead_letter
from shared.dead_letters.letter import LetterState
from shared.dead_letters.store import DeadLetterTables
from shared.effects import Outbound
from shared.errors import ContentionError
from shared.holds import Hold, hold_of
from shared.ledger import AlreadyRecordedError, Ledger, Record
from shared.ports import Tables
from shared.schema import CHECKOUTS, DEAD_LETTERS, RESERVATIONS
from shared.writes import ConditionsFailed, Equals, Item, Update

_DECISIONS = 4


class PendingTables:
    """Pending work in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        # Any consumer's record has its whole key in it; the name given here is never written.
        self._ledger = Ledger(tables, clock, consumer="reconciler")

    def outboxes(self, shard: int, before: str, limit: int) -> Sequence[tuple[Record, str]]:
        """Committed records with unpublished events, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._ledger.pending(shard, before, limit)

    def finish(self, record: Record) -> None:
        """Everything in the record's outbox was accepted.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._ledger.finish(record)

    def checkouts(self, shard: int, before: str, limit: int) -> Sequence[OwedCheckout]:
        """Accepted, undecided checkouts, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, str(shard), index="pending", limit=limit)
        return [_owed(item) for item in items if str(item["acceptedAt"]) <= before]

    def repeated(self, checkout: OwedCheckout, now: datetime) -> None:
        """The checkout's command was published again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(
            Update(
                CHECKOUTS.name,
                {"orderId": checkout.order_id},
                set={"repeatedAt": iso(now)},
                add={"repeated": 1},
                when=(Equals("status", "accepted"),),
            )
        )

    def give_up(self, checkout: OwedCheckout) -> None:
        """Out of the pending index, and marked for whoever looks.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        self._change(
            Update(
                CHECKOUTS.name,
                {"orderId": checkout.order_id},
                set={"stuck": True},
                remove=("pendingShard",),
                when=(Equals("status", "accepted"),),
            )
        )

    def _change(self, write: Update) -> None:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return  # decided in the meantime, which is what we wanted


def _owed(item: Item) -> OwedCheckout:
    return OwedCheckout(
        order_id=str(item["orderId"]),
        user_id=str(item["userId"]),
        accepted_at=str(item["acceptedAt"]),
        command=Outbound.from_item(cast("Item", item["command"])),
        repeated=int(str(item.get("repeated", 0))),
        last=str(item.get("repeatedAt", "")),
    )


class HoldTables:
    """Holds in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def expired(self, shard: int, before: str, limit: int) -> Sequence[Hold]:
        """Holds that are over and still in force, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(RESERVATIONS.name, str(shard), index="expiry", limit=limit)
        # The index may lag: what ended in the meantime is not a hold any more.
        holds = [hold for hold in map(hold_of, items) if hold is not None]
        return [hold for hold in holds if hold.expires_at <= before]


class LetterTables:
    """Dead letters in tables, with the ledger that makes a report count once."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._letters = DeadLetterTables(tables)
        # The callback's own ledger: whoever is first, the other is a duplicate (I16).
        self._ledger = Ledger(tables, clock, consumer=Topic.ANALYTICS.value)

    def keep(self, report: DeadLetterReported) -> bool:
        """Keep a report durably; False if it was kept before.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        for _ in range(_DECISIONS):
            effects = keep_dead_letter(report, letters=self._letters)
            try:
                self._ledger.commit(report, effects, attempt=1)
            except AlreadyRecordedError:
                return False
            except ConditionsFailed:
                continue
            return True
        raise ContentionError("the dead letter kept changing")

    def replaying(self, limit: int) -> Sequence[tuple[str, str]]:
        """Letters whose replay is under way.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(
            DEAD_LETTERS.name, LetterState.REPLAYING.value, index="byState", limit=limit
        )
        return [(str(item["eventId"]), str(item["topic"])) for item in items]

    def handled(self, event_id: str, topic: str) -> bool:
        """Whether the topic's ledger knows the event.

        Raises:
            DependencyError: the store did not answer.
        """
        return Ledger(self._tables, self._clock, consumer=topic).find(event_id) is not None

    def resolve(self, event_id: str) -> None:
        """A replayed event was handled.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        now = iso(self._clock.now())
        entry = {"at": now, "action": "resolved", "by": "reconciler", "reason": "handled"}
        try:
            self._tables.transact(
                [
                    Update(
                        DEAD_LETTERS.name,
                        {"eventId": event_id},
                        set={"state": LetterState.RESOLVED.value},
                        append={"history": [entry]},
                        when=(Equals("state", LetterState.REPLAYING.value),),
                    )
                ]
            )
        except ConditionsFailed:
            return  # failed again, or somebody decided otherwise
