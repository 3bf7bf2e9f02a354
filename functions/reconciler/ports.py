"""What carrying on needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from functions.reconciler.domain import DueDeadLetter, OwedCheckout
from shared.contracts.analytics import DeadLetterReported
from shared.kernel.errors import UnreadableRowError
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation
from shared.telemetry.measurement import Measure


class PendingCheckouts(Protocol):
    """Checkouts that were accepted and are still owed a decision."""

    def overdue(
        self, shard: int, before: str, limit: int
    ) -> Sequence[OwedCheckout | UnreadableRowError]:
        """Accepted, undecided checkouts of a shard, oldest first; why, in the place of an unreadable
        one.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def repeated(self, checkout: OwedCheckout, now: datetime) -> None:
        """The checkout's command was published again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        ...

    def give_up(self, checkout: OwedCheckout) -> None:
        """Stop repeating; the checkout stays accepted and an operator's alarm fires.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        ...


class Reservations(Protocol):
    """Units that are reserved for orders."""

    def expired(
        self, shard: int, before: str, limit: int
    ) -> Sequence[Reservation | UnreadableRowError]:
        """Reservations of a shard that are over since before a moment and still in force, oldest
        first; why, in the place of an unreadable one.

        Raises:
            DependencyError: the store did not answer.
        """
        ...


class UnconfirmedOrders(Protocol):
    """Orders that nothing confirmed yet."""

    def lapsed(
        self, shard: int, before: str, limit: int
    ) -> Sequence[OrderRow | UnreadableRowError]:
        """Orders of a shard that were placed before a moment and are still unconfirmed, oldest
        first; why, in the place of an unreadable one.

        Args:
            limit: at most 100, what one batch reads.

        Raises:
            DependencyError: the store did not answer.
        """
        ...


class FailedMessages(Protocol):
    """QStash's own dead letter queue."""

    def fetch(self, limit: int) -> Sequence[tuple[str, DeadLetterReported | UnreadableRowError]]:
        """Messages of ours that QStash gave up on: its id for the entry, and the report of it; why,
        in the place of one that cannot be read.

        Raises:
            DependencyError: QStash did not answer.
        """
        ...

    def forget(self, entry: str) -> None:
        """Remove an entry that is safely kept by us.

        Raises:
            DependencyError: QStash did not answer; the next run removes it.
        """
        ...


class WaitingMessages(Protocol):
    """Messages that QStash holds back until their function has a place."""

    @property
    def topics(self) -> Sequence[str]:
        """The topics that have a limit."""
        ...

    def waiting(self, topic: str) -> int:
        """How many messages of a topic wait.

        Raises:
            DependencyError: QStash did not answer.
        """
        ...


class DeadLetters(Protocol):
    """The dead letters."""

    def keep(self, report: DeadLetterReported) -> Sequence[Measure] | None:
        """Keep a report durably: what there is to measure, None if it was kept before.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        ...

    def replaying(self, limit: int) -> Sequence[str]:
        """Keys of dead letters whose replay is under way.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def due(self, shard: int, until: str, limit: int) -> Sequence[str]:
        """Keys of a shard's dead letters that are due by a moment, longest due first.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def unsettled(self, key: str) -> DueDeadLetter | None:
        """A dead letter as of now, None if nothing is to be done about it.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def handled(self, dead_letter: DueDeadLetter) -> bool:
        """Whether the topic's ledger says that the event is done.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def resolve(self, dead_letter: DueDeadLetter) -> bool:
        """The event was handled; False if the dead letter changed meanwhile.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        ...

    def claim(self, dead_letter: DueDeadLetter) -> bool:
        """Take the dead letter for being sent now; False if another run or an operator changed it.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        ...

    def postpone(self, dead_letter: DueDeadLetter) -> None:
        """Look again later.

        Raises:
            ContentionError, DependencyError: the next run looks again.
        """
        ...
