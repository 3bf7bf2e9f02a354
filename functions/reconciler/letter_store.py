"""Dead letters, as the reconciler carries on with them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from functions.reconciler.domain import DueLetter
from shared.contracts.analytics import DeadLetterReported
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.dead_letter import LetterState
from shared.messaging.dead_letters.keep import keep_dead_letter
from shared.messaging.dead_letters.schedule import PLANNED, is_unconfirmed, looked_at, sent
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.ledger import AlreadyRecordedError
from shared.messaging.ports import Publisher
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.bounded import note
from shared.storage.ports import Tables
from shared.storage.readable import read_row
from shared.storage.schema import DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Equals, Item, Update, Value
from shared.telemetry.measurement import Measure

_BY = "reconciler"
_UNSETTLED = (LetterState.OPEN.value, LetterState.REPLAYING.value)


class LetterTables:
    """Dead letters in tables, with the ledger that makes a report count once."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._letters = DeadLetterTables(tables, clock)
        # The callback's own ledger: of callback and pull, the second is a duplicate (I16).
        self._outbox = TransactionalOutbox(tables, publisher, clock, consumer=Topic.ANALYTICS.value)

    def keep(self, report: DeadLetterReported) -> Sequence[Measure] | None:
        """Keep a report durably: what there is to measure, None if it was kept before.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        try:
            record, effects = self._outbox.decide_and_commit(
                report, partial(keep_dead_letter, report, letters=self._letters)
            )
        except AlreadyRecordedError:
            return None
        self._outbox.publish([record])
        return effects.measures

    def replaying(self, limit: int) -> Sequence[str]:
        """Letters whose replay is under way.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(
            DEAD_LETTERS.name, LetterState.REPLAYING.value, index="byState", limit=limit
        )
        return [str(item["eventId"]) for item in items]

    def due(self, shard: int, until: str, limit: int) -> Sequence[str]:
        """Letters of a shard that are due by a moment, longest due first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(DEAD_LETTERS.name, str(shard), index="due", limit=limit)
        return [str(item["eventId"]) for item in items if str(item["dueAt"]) <= until]

    def unsettled(self, key: str) -> DueLetter | None:
        """A letter as of now, None if nothing is to be done about it: indexes lag.

        Raises:
            UnreadableRowError: it makes no sense.
            DependencyError: the store did not answer.
        """
        item = self._letters.find(key)
        if item is None or (item.get("state") not in _UNSETTLED and "dueShard" not in item):
            return None
        return read_row(DEAD_LETTERS.name, item, _letter)

    def handled(self, letter: DueLetter) -> bool:
        """Whether the topic's ledger says that the event is done.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._letters.handled(letter.key, letter.topic)

    def resolve(self, letter: DueLetter) -> bool:
        """The event was handled; False if the letter changed meanwhile: the next run looks again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        now = iso(self._clock.now())
        changes = {"state": LetterState.RESOLVED.value, "closedAt": now}
        reason = "handled"
        if is_unconfirmed(letter.row):
            changes["lastSentAt"] = now
            reason = "handled; sent once more, for its content to be compared"
        return self._noted(letter, "resolved", reason, changes, remove=PLANNED)

    def claim(self, letter: DueLetter) -> bool:
        """Take the letter for being sent now, and fix when it is sent next; False if an operator
        or another run changed it this moment (I17).

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        now = self._clock.now()
        plan = sent(now, delivered=letter.deliveries + 1)
        changes = {
            "state": LetterState.OPEN.value,
            "lastSentAt": iso(now),
            **plan.facts(letter.key),
        }
        reason = f"delivery {letter.deliveries + 1}, the next at {changes['nextDeliveryAt']}"
        return self._noted(letter, "delivered again", reason, changes, add={"deliveries": 1})

    def postpone(self, letter: DueLetter) -> None:
        """Look again later.

        Raises:
            ContentionError, DependencyError: the next run looks again.
        """
        since = datetime.fromisoformat(str(letter.row["lastFailedAt"]))
        plan = looked_at(self._clock.now(), since=since, delivery_at=letter.delivery_at)
        self._change(
            Update(
                DEAD_LETTERS.name,
                {"eventId": letter.key},
                set=plan.facts(letter.key),
                when=(Equals("dueAt", str(letter.row["dueAt"])),),
            )
        )

    def _noted(
        self,
        letter: DueLetter,
        action: str,
        reason: str,
        changes: Item,
        *,
        add: Mapping[str, int] | None = None,
        remove: tuple[str, ...] = (),
    ) -> bool:
        entry: dict[str, Value] = {
            "at": iso(self._clock.now()),
            "action": action,
            "by": _BY,
            "reason": reason,
        }
        told = note(letter.row, "history", entry)
        return self._change(
            Update(
                DEAD_LETTERS.name,
                {"eventId": letter.key},
                set={**changes, **told.set},
                add={**(add or {}), **told.add},
                append=told.append,
                remove=remove,
                when=(Equals("state", str(letter.row["state"])), *told.when),
            )
        )

    def _change(self, write: Update) -> bool:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return False  # an operator or another run decided about it, or it failed again
        return True


def _letter(item: Item) -> DueLetter:
    at = item.get("nextDeliveryAt")
    return DueLetter(
        key=str(item["eventId"]),
        topic=str(item["topic"]),
        deliveries=int(str(item.get("deliveries", 0))),
        delivery_at=None if at is None else datetime.fromisoformat(str(at)),
        row=item,
    )
