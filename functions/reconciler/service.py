"""Use cases of the reconciler. Every step may be repeated, interrupted or run twice at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from functions.reconciler.domain import (
    PERSISTING_AFTER,
    DueDeadLetter,
    OwedCheckout,
    Report,
    is_due,
    is_hopeless,
    lapsed_before,
    overdue_before,
    repetition_of,
)
from functions.reconciler.events import lapse_of, release_of, stuck_of
from functions.reconciler.ports import (
    DeadLetters,
    FailedMessages,
    PendingCheckouts,
    Reservations,
    UnconfirmedOrders,
    WaitingMessages,
)
from functions.reconciler.retention import Retention
from shared.contracts.analytics import DeadLetterReported
from shared.kernel.clock import Deadline, iso
from shared.kernel.errors import DependencyError, PipelineError, UnreadableRowError
from shared.messaging.ledger import Record
from shared.messaging.ports import CorePorts
from shared.messaging.refusals import facts_of, without_its_text
from shared.messaging.transactional_outbox import PendingOutbox
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation
from shared.storage.schema import PENDING_SHARDS
from shared.telemetry import metrics
from shared.telemetry.ports import Telemetry

# What it is about, by its id, and what to do.
Step = tuple[str, Callable[[], object]]

PER_SHARD = 25
# More, because most of them may be waiting for their next turn.
CHECKOUTS_PER_SHARD = 200
# A shop whose confirmations stopped has thousands at once: so many a minute, eight times.
LAPSES_PER_SHARD = 100
PER_PULL = 100
# Nothing waits for it: so many a minute, eight times, of each kind.
COPIES_PER_SHARD = 50
# Seconds of the invocation that are kept for writing the report.
RESERVE = 5.0


class Reconciler:
    """One run: unpublished outboxes, undecided checkouts, expired reservations, unreported failures,
    dead letters whose way was blocked, orders that nothing confirmed, and copies of personal data
    whose time is over; and a look at what waits at QStash.

    Args:
        unconfirmed_order_seconds: how old an order may become that nothing confirmed; None for
            ever.
    """

    def __init__(
        self,
        *,
        checkouts: PendingCheckouts,
        reservations: Reservations,
        orders: UnconfirmedOrders,
        failed: FailedMessages,
        dead_letters: DeadLetters,
        ports: CorePorts,
        unconfirmed_order_seconds: int | None,
        waiting: WaitingMessages | None = None,
    ) -> None:
        self._checkouts, self._reservations, self._orders = checkouts, reservations, orders
        self._unconfirmed_order_seconds = unconfirmed_order_seconds
        self._failed, self._dead_letters = failed, dead_letters
        self._waiting = waiting
        self._retentions: Sequence[Retention] = ()
        self._outbox = PendingOutbox(ports.tables, ports.publisher, ports.clock)
        self._publisher, self._clock = ports.publisher, ports.clock
        self._telemetry = ports.telemetry

    def removing(self, retentions: Sequence[Retention]) -> "Reconciler":
        """The same reconciler, which also removes the copies of personal data whose time is over."""
        self._retentions = retentions
        return self

    def run(self, deadline: Deadline) -> Report:
        """Do what is due, as far as the time goes; what is left is the next run's."""
        report = Report()
        for shard in range(PENDING_SHARDS):
            self._each(self._outboxes(shard, report), deadline, report)
        for shard in range(PENDING_SHARDS):
            self._each(self._commands(shard, report), deadline, report)
        for shard in range(PENDING_SHARDS):
            self._each(self._expired(shard, report), deadline, report)
        self._each(self._pull(report), deadline, report)
        self._each(self._resolve(report), deadline, report)
        for shard in range(PENDING_SHARDS):
            self._each(self._due(shard, report), deadline, report)
        self._each(self._watch(), deadline, report)
        # Last, because there may be thousands at once, and nothing waits for it.
        if self._unconfirmed_order_seconds is not None:
            before = lapsed_before(self._clock.now(), self._unconfirmed_order_seconds)
            for shard in range(PENDING_SHARDS):
                self._each(self._lapsed(shard, before, report), deadline, report)
        for retention in self._retentions:
            for shard in range(PENDING_SHARDS):
                self._each(self._copies(retention, shard, report), deadline, report)
        return report

    def _each(self, steps: Iterable[Step], deadline: Deadline, report: Report) -> None:
        """Run steps; one that fails is counted and does not keep the others from running."""
        remaining = iter(steps)
        while True:
            if deadline.remaining() < RESERVE:
                report.left = True
                return
            subject = ""
            try:
                step = next(remaining, None)
                if step is None:
                    return
                subject, do = step
                do()
            except PipelineError as error:
                report.failures += 1
                said = facts_of(error)
                reason = ": ".join(filter(None, (subject, said.get("reason"))))
                self._telemetry.warning("Could not reconcile", code=error.code, reason=reason)
            except Exception as error:  # noqa: BLE001 - what one row met is not the others' (S33)
                report.failures += 1
                self._telemetry.failure("Could not reconcile", error, reason=subject)

    # ------------------------------------------------------------------ outboxes
    def _outboxes(self, shard: int, report: Report) -> Iterable[Step]:
        now = self._clock.now()
        for found in self._outbox.overdue(shard, overdue_before(now), PER_SHARD):
            if isinstance(found, UnreadableRowError):
                yield found.key, partial(_tell, found)
                continue
            record, since = found
            self._aged(since, report)
            yield record.key, partial(self._publish, record, report)

    def _publish(self, record: Record, report: Report) -> None:
        self._outbox.publish([record])
        report.outboxes += 1

    # ------------------------------------------------------------------ checkouts
    def _commands(self, shard: int, report: Report) -> Iterable[Step]:
        now = self._clock.now()
        for checkout in self._checkouts.overdue(shard, overdue_before(now), CHECKOUTS_PER_SHARD):
            if isinstance(checkout, UnreadableRowError):
                yield checkout.key, partial(_tell, checkout)
                continue
            self._aged(checkout.accepted_at, report)
            if is_hopeless(checkout):
                yield checkout.order_id, partial(self._give_up, checkout, report)
            elif is_due(checkout, now):
                yield checkout.order_id, partial(self._repeat, checkout, report)

    def _repeat(self, checkout: OwedCheckout, report: Report) -> None:
        self._publisher.publish([repetition_of(checkout)])
        self._checkouts.repeated(checkout, self._clock.now())
        report.commands += 1

    def _give_up(self, checkout: OwedCheckout, report: Report) -> None:
        # Told first, given up after: a crash between the two only repeats the telling.
        self._publisher.publish([stuck_of(checkout, self._clock.now())])
        self._checkouts.give_up(checkout)
        self._telemetry.warning("A checkout stays undecided", order_id=checkout.order_id)
        report.given_up += 1

    # ------------------------------------------------------------------ reservations
    def _expired(self, shard: int, report: Report) -> Iterable[Step]:
        now = self._clock.now()
        for reservation in self._reservations.expired(shard, overdue_before(now), PER_SHARD):
            if isinstance(reservation, UnreadableRowError):
                yield reservation.key, partial(_tell, reservation)
                continue
            self._aged(reservation.expires_at, report)
            yield reservation.order_id, partial(self._release, reservation, report)

    def _release(self, reservation: Reservation, report: Report) -> None:
        # Only published: the commands topic decides, so that a reservation ends in one place.
        self._publisher.publish([release_of(reservation)])
        report.holds += 1

    # ------------------------------------------------------------------ unconfirmed orders
    def _lapsed(self, shard: int, before: str, report: Report) -> Iterable[Step]:
        for order in self._orders.lapsed(shard, before, LAPSES_PER_SHARD):
            if isinstance(order, UnreadableRowError):
                yield order.key, partial(_tell, order)
                continue
            yield order.order_id, partial(self._cancel, order, report)

    def _cancel(self, order: OrderRow, report: Report) -> None:
        # Only published: the orders function decides, so that a confirmation that comes first wins.
        self._publisher.publish([lapse_of(order, self._clock.now())])
        report.lapses += 1

    # ------------------------------------------------------------------ copies of personal data
    def _copies(self, retention: Retention, shard: int, report: Report) -> Iterable[Step]:
        before = retention.before(self._clock.now())
        for key in retention.copies.older(shard, before, COPIES_PER_SHARD):
            yield key, partial(self._redact, retention, key, before, report)

    def _redact(self, retention: Retention, key: str, before: str, report: Report) -> None:
        report.redacted += retention.copies.remove(key, before)

    # ------------------------------------------------------------------ dead letters
    def _pull(self, report: Report) -> Iterable[Step]:
        for entry, found in self._failed.fetch(PER_PULL):
            if isinstance(found, UnreadableRowError):
                yield entry, partial(_tell, found)
                continue
            yield entry, partial(self._keep, entry, found, report)

    def _keep(self, entry: str, found: DeadLetterReported, report: Report) -> None:
        # Kept first, forgotten after: a crash between the two only repeats the keeping.
        measures = self._dead_letters.keep(found)
        if measures is not None:
            report.letters += 1
            for measure in measures:
                self._telemetry.measure(measure)
        self._failed.forget(entry)

    def _resolve(self, report: Report) -> Iterable[Step]:
        for key in self._dead_letters.replaying(PER_PULL):
            yield key, partial(self._settle, key, report)

    def _settle(self, key: str, report: Report) -> DueDeadLetter | None:
        """Resolve a dead letter whose event was handled; the dead letter, if it waits on."""
        dead_letter = self._dead_letters.unsettled(key)
        if dead_letter is None or not self._dead_letters.handled(dead_letter):
            return dead_letter
        # Sent first: a second run sends the same message once more.
        if (message := dead_letter.confirmation()) is not None:
            self._publisher.publish([message])
        report.resolved += self._dead_letters.resolve(dead_letter)
        return None

    def _due(self, shard: int, report: Report) -> Iterable[Step]:
        for key in self._dead_letters.due(shard, iso(self._clock.now()), PER_SHARD):
            yield key, partial(self._carry_on, key, report)

    def _carry_on(self, key: str, report: Report) -> None:
        dead_letter = self._settle(key, report)
        if dead_letter is None:
            return
        message = dead_letter.message(self._clock.now())
        if message is None:
            self._dead_letters.postpone(dead_letter)
        # Claimed first, sent after: a crash between the two leaves it to its next time.
        elif self._dead_letters.claim(dead_letter):
            self._publisher.publish([message])
            report.redelivered += 1
            report.persisting += dead_letter.row.deliveries >= PERSISTING_AFTER

    # ------------------------------------------------------------------ what waits at QStash
    def _watch(self) -> Iterable[Step]:
        """Last, and no failure of the run: a number for the dashboard, which changes nothing."""
        if self._waiting is None:
            return
        for topic in self._waiting.topics:
            yield topic, partial(self._measure, self._waiting, topic)

    def _measure(self, waiting: WaitingMessages, topic: str) -> None:
        try:
            count = waiting.waiting(topic)
        except DependencyError as error:
            self._telemetry.warning("Could not see what waits", code=error.code, reason=str(error))
            return
        self._telemetry.measure(metrics.MESSAGES_WAITING.of(count, topic=topic))

    def _aged(self, since: str, report: Report) -> None:
        try:
            age = self._clock.now() - datetime.fromisoformat(since)
        except (ValueError, TypeError):
            return  # no time that a row of ours has: its own step tells of it
        report.oldest_pending_seconds = max(report.oldest_pending_seconds, int(age.total_seconds()))


def _tell(unreadable: UnreadableRowError) -> None:
    """The step of what cannot be read: to say so, which row it is included."""
    raise unreadable


class Remaining(Protocol):
    """The part of Lambda's context that says how long there is."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is killed."""
        ...


def answer(
    reconciler: Reconciler, _event: Mapping[str, Any], context: Remaining, *, telemetry: Telemetry
) -> dict[str, Any]:
    """One scheduled run: do it, measure it, and answer what was done."""
    with without_its_text(telemetry):
        report = reconciler.run(Deadline(lambda: context.get_remaining_time_in_millis() / 1000))
    figures = asdict(report)
    for metric, value in (
        (metrics.OLDEST_PENDING_SECONDS, report.oldest_pending_seconds),
        (metrics.OUTBOXES_REPUBLISHED, report.outboxes),
        (metrics.COMMANDS_REPUBLISHED, report.commands),
        (metrics.CHECKOUTS_STUCK, report.given_up),
        (metrics.LAPSES_PUBLISHED, report.lapses),
        (metrics.DEAD_LETTERS_REDELIVERED, report.redelivered),
        (metrics.DEAD_LETTERS_PERSISTING, report.persisting),
        (metrics.RECONCILE_FAILURES, report.failures),
    ):
        telemetry.measure(metric.of(value))
    telemetry.info(
        "Reconciled",
        count=report.outboxes
        + report.commands
        + report.holds
        + report.lapses
        + report.letters
        + report.redelivered,
    )
    telemetry.flush()
    return figures
