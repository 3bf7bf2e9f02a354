"""Sending dead letters again: to the configured address of their topic, and nowhere else (I18).

The same envelope id, so that whatever was handled stays handled once; a new deduplication id, so
that QStash does not swallow the message. Two operators at once divide the dead letters between them:
each is claimed by a conditional write before it is sent (I17).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ops.core.unreadable import parted
from ops.dead_letters.domain import (
    FAILURES,
    MAX_REPLAYS,
    Filter,
    ReplayOptions,
    Result,
    waves,
)
from ops.dead_letters.store import ABANDONED_AFTER, DeadLetterStore
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PublishError, UnreadableRowError
from shared.messaging.dead_letters.dead_letter import event_id_of
from shared.messaging.dead_letters.resend import deduplication_id, message_of, obstacle, parsed
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables
from shared.storage.records.dead_letter import DeadLetterRow, DeadLetterState

_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one dead letter."""

    dead_letter: DeadLetterRow
    result: Result
    remark: str = ""


Progress = Callable[[Outcome], None]


class Replayer:
    """Replays a frozen selection of dead_letters.

    Args:
        progress: told of each dead letter as soon as its result is known.
    """

    def __init__(
        self,
        store: DeadLetterStore,
        *,
        tables: Tables,
        publisher: Publisher,
        clock: Clock,
        progress: Progress = lambda _: None,
    ) -> None:
        self._store, self._publisher = store, publisher
        self._dead_letters = DeadLetterTables(tables, clock)
        self._clock, self._progress = clock, progress
        self.unreadable: list[UnreadableRowError] = []

    def select(self, wanted: Filter, *, limit: int) -> list[DeadLetterRow]:
        """The dead letters that are meant, now. What fails later is not part of it.

        Beside the open ones those whose replay began long ago and never ended: its operator
        may have died before anything was sent.

        What cannot be read is in ``unreadable`` afterwards; it stops no other.

        Raises:
            DependencyError: the store did not answer.
        """
        stale = iso(self._clock.now() - ABANDONED_AFTER)
        replaying, odd = parted(self._store.by_state(DeadLetterState.REPLAYING))
        abandoned = [
            dead_letter
            for dead_letter in replaying
            if dead_letter.history.entries and dead_letter.history.entries[-1].at <= stale
        ]
        opened, also_odd = parted(self._store.by_state(DeadLetterState.OPEN))
        self.unreadable = [
            error
            for error in (*also_odd, *odd)
            if not wanted.event_ids or error.key in wanted.event_ids
        ]
        dead_letters = [*opened, *abandoned]
        return [dead_letter for dead_letter in dead_letters if wanted.admits(dead_letter)][:limit]

    def run(self, dead_letters: Sequence[DeadLetterRow], options: ReplayOptions) -> list[Outcome]:
        """Replay in growing waves, and stop after a wave in which something failed again.

        Raises:
            DependencyError: the store did not answer; what was claimed stays under way.
        """
        outcomes: list[Outcome] = []
        for wave in waves(dead_letters):
            if any(outcome.result in FAILURES for outcome in outcomes):
                outcomes += [
                    self._reported(Outcome(dead_letter, Result.NOT_REACHED)) for dead_letter in wave
                ]
                continue
            sent = [self._tried(dead_letter, options) for dead_letter in wave]
            outcomes += [self._reported(outcome) for outcome in self._settled(sent, options)]
        return outcomes

    def discard(self, dead_letter: DeadLetterRow, *, actor: str, reason: str) -> bool:
        """Let a dead letter go; False if another operator or run changed it first.

        Raises:
            OperatorError: without actor and reason.
            DependencyError: the store did not answer.
        """
        ReplayOptions(actor=actor, reason=reason)
        return self._store.move(
            dead_letter, DeadLetterState.DISCARDED, action="discarded", actor=actor, reason=reason
        )

    # ------------------------------------------------------------------ one dead letter
    def _tried(self, selected: DeadLetterRow, options: ReplayOptions) -> Outcome:
        try:
            return self._one(selected, options)
        except UnreadableRowError as odd:
            return Outcome(selected, Result.UNREADABLE, str(odd))

    def _one(self, selected: DeadLetterRow, options: ReplayOptions) -> Outcome:
        # As it is now: a wave takes its time, and the pipeline carries on by itself meanwhile.
        dead_letter = self._store.get(selected.key)
        sendings = (dead_letter.state, dead_letter.replays, dead_letter.deliveries)
        if sendings != (selected.state, selected.replays, selected.deliveries):
            return Outcome(dead_letter, Result.TAKEN)
        values, event_id = parsed(dead_letter.original), event_id_of(dead_letter.key)
        why = obstacle(event_id, dead_letter.topic, dead_letter.event_type, values)
        if values is None or why is not None:
            return Outcome(dead_letter, Result.UNREADABLE, why or "")
        if dead_letter.replays >= MAX_REPLAYS and not options.force:
            return Outcome(
                dead_letter, Result.TOO_OFTEN, f"{dead_letter.replays} times; --force overrides"
            )
        if not options.even_if_done and self._is_done(dead_letter):
            return self._already_done(dead_letter, options)
        if options.dry_run:
            return Outcome(dead_letter, Result.WOULD_REPLAY)
        message = message_of(
            event_id,
            dead_letter.topic,
            dead_letter.event_type,
            dead_letter.original,
            deduplication_id=deduplication_id(dead_letter.key, dead_letter.sendings),
            values=values,
        )
        return self._send(dead_letter, message, options)

    def _already_done(self, dead_letter: DeadLetterRow, options: ReplayOptions) -> Outcome:
        if not options.dry_run:
            self._store.move(
                dead_letter,
                DeadLetterState.RESOLVED,
                action="resolved",
                actor=options.actor,
                reason="the ledger says it is done",
            )
        return Outcome(dead_letter, Result.ALREADY_DONE)

    def _send(
        self, dead_letter: DeadLetterRow, message: Outbound, options: ReplayOptions
    ) -> Outcome:
        claimed = self._store.move(
            dead_letter,
            DeadLetterState.REPLAYING,
            action="replayed",
            actor=options.actor,
            reason=options.reason,
            replayed=True,
        )
        if not claimed:
            return Outcome(dead_letter, Result.TAKEN)
        under_way = replace(
            dead_letter, state=DeadLetterState.REPLAYING, replays=dead_letter.replays + 1
        )
        try:
            self._publisher.publish([message])
        except PublishError as error:
            self._reopen(dead_letter.key, options, reason=error.code)
            return Outcome(under_way, Result.NOT_PUBLISHED, str(error))
        if options.per_second:
            self._clock.sleep(1 / options.per_second)
        return Outcome(under_way, Result.REPLAYED)

    def _reopen(self, key: str, options: ReplayOptions, *, reason: str) -> None:
        try:
            now = self._store.get(key)
        except UnreadableRowError:
            return  # told as not published; its row is for `show` to tell
        if now.state is DeadLetterState.REPLAYING:
            self._store.move(
                now,
                DeadLetterState.OPEN,
                action="not published",
                actor=options.actor,
                reason=reason,
            )

    # ------------------------------------------------------------------ afterwards
    def _settled(self, sent: list[Outcome], options: ReplayOptions) -> list[Outcome]:
        end = self._clock.monotonic() + options.settle_seconds
        while True:
            sent = [
                self._looked_at(outcome, options) if outcome.result is Result.REPLAYED else outcome
                for outcome in sent
            ]
            waiting = any(outcome.result is Result.REPLAYED for outcome in sent)
            if not waiting or not options.settle_seconds:
                return sent
            if self._clock.monotonic() >= end:
                return [
                    replace(outcome, result=Result.STILL_UNDER_WAY)
                    if outcome.result is Result.REPLAYED
                    else outcome
                    for outcome in sent
                ]
            self._clock.sleep(_POLL_SECONDS)

    def _looked_at(self, outcome: Outcome, options: ReplayOptions) -> Outcome:
        try:
            now = self._store.get(outcome.dead_letter.key)
        except UnreadableRowError as odd:
            return replace(outcome, result=Result.UNREADABLE, remark=str(odd))
        if now.state is DeadLetterState.RESOLVED:
            return Outcome(now, Result.HANDLED)
        if now.state is DeadLetterState.OPEN:
            return Outcome(now, Result.FAILED_AGAIN, now.cause)
        if not self._is_done(now):
            return outcome
        self._store.move(
            now, DeadLetterState.RESOLVED, action="resolved", actor=options.actor, reason="handled"
        )
        return Outcome(now, Result.HANDLED)

    def _is_done(self, dead_letter: DeadLetterRow) -> bool:
        return self._dead_letters.handled(dead_letter.key, dead_letter.topic)

    def _reported(self, outcome: Outcome) -> Outcome:
        self._progress(outcome)
        return outcome
