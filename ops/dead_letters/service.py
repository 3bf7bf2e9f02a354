"""Sending dead letters again: to the configured address of their topic, and nowhere else (I18).

The same envelope id, so that whatever was handled stays handled once; a new deduplication id, so
that QStash does not swallow the message. Two operators at once divide the letters between them:
each is claimed by a conditional write before it is sent (I17).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ops.dead_letters.domain import (
    FAILURES,
    MAX_REPLAYS,
    Filter,
    Letter,
    ReplayOptions,
    Result,
    waves,
)
from ops.dead_letters.store import ABANDONED_AFTER, LetterBox
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PublishError
from shared.messaging.dead_letters.dead_letter import LetterState, event_id_of
from shared.messaging.dead_letters.resend import deduplication_id, message_of, obstacle, parsed
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables

_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one letter."""

    letter: Letter
    result: Result
    remark: str = ""


Progress = Callable[[Outcome], None]


class Replayer:
    """Replays a frozen selection of letters.

    Args:
        progress: told of each letter as soon as its result is known.
    """

    def __init__(
        self,
        box: LetterBox,
        *,
        tables: Tables,
        publisher: Publisher,
        clock: Clock,
        progress: Progress = lambda _: None,
    ) -> None:
        self._box, self._publisher = box, publisher
        self._letters = DeadLetterTables(tables, clock)
        self._clock, self._progress = clock, progress

    def select(self, wanted: Filter, *, limit: int) -> list[Letter]:
        """The letters that are meant, now. What fails later is not part of it.

        Beside the open ones those whose replay began long ago and never ended: whoever began it
        may have died before anything was sent.

        Raises:
            DependencyError: the store did not answer.
        """
        stale = iso(self._clock.now() - ABANDONED_AFTER)
        abandoned = [
            letter
            for letter in self._box.by_state(LetterState.REPLAYING)
            if letter.history and letter.history[-1]["at"] <= stale
        ]
        letters = [*self._box.by_state(LetterState.OPEN), *abandoned]
        return [letter for letter in letters if wanted.admits(letter)][:limit]

    def run(self, letters: Sequence[Letter], options: ReplayOptions) -> list[Outcome]:
        """Replay in growing waves, and stop after a wave in which something failed again.

        Raises:
            DependencyError: the store did not answer; what was claimed stays under way.
        """
        outcomes: list[Outcome] = []
        for wave in waves(letters):
            if any(outcome.result in FAILURES for outcome in outcomes):
                outcomes += [self._told(Outcome(letter, Result.NOT_REACHED)) for letter in wave]
                continue
            sent = [self._one(letter, options) for letter in wave]
            outcomes += [self._told(outcome) for outcome in self._settled(sent, options)]
        return outcomes

    def discard(self, letter: Letter, *, actor: str, reason: str) -> bool:
        """Let a letter go; False if somebody else changed it first.

        Raises:
            OperatorError: without actor and reason.
            DependencyError: the store did not answer.
        """
        ReplayOptions(actor=actor, reason=reason)
        return self._box.move(
            letter, LetterState.DISCARDED, action="discarded", actor=actor, reason=reason
        )

    # ------------------------------------------------------------------ one letter
    def _one(self, selected: Letter, options: ReplayOptions) -> Outcome:
        # As it is now: a wave takes its time, and the pipeline carries on by itself meanwhile.
        letter = self._box.get(selected.event_id)
        sendings = (letter.state, letter.replays, letter.deliveries)
        if sendings != (selected.state, selected.replays, selected.deliveries):
            return Outcome(letter, Result.TAKEN)
        values, event_id = parsed(letter.original), event_id_of(letter.event_id)
        why = obstacle(event_id, letter.topic, letter.event_type, values)
        if values is None or why is not None:
            return Outcome(letter, Result.UNREADABLE, why or "")
        if letter.replays >= MAX_REPLAYS and not options.force:
            return Outcome(letter, Result.TOO_OFTEN, f"{letter.replays} times; --force overrides")
        if not options.even_if_done and self._is_done(letter):
            return self._already_done(letter, options)
        if options.dry_run:
            return Outcome(letter, Result.WOULD_REPLAY)
        message = message_of(
            event_id,
            letter.topic,
            letter.event_type,
            letter.original,
            deduplication_id=deduplication_id(letter.event_id, letter.replays + letter.deliveries),
            values=values,
        )
        return self._send(letter, message, options)

    def _already_done(self, letter: Letter, options: ReplayOptions) -> Outcome:
        if not options.dry_run:
            self._box.move(
                letter,
                LetterState.RESOLVED,
                action="resolved",
                actor=options.actor,
                reason="the ledger says it is done",
            )
        return Outcome(letter, Result.ALREADY_DONE)

    def _send(self, letter: Letter, message: Outbound, options: ReplayOptions) -> Outcome:
        claimed = self._box.move(
            letter,
            LetterState.REPLAYING,
            action="replayed",
            actor=options.actor,
            reason=options.reason,
            replayed=True,
        )
        if not claimed:
            return Outcome(letter, Result.TAKEN)
        under_way = replace(letter, state=LetterState.REPLAYING, replays=letter.replays + 1)
        try:
            self._publisher.publish([message])
        except PublishError as error:
            self._reopen(letter.event_id, options, reason=error.code)
            return Outcome(under_way, Result.NOT_PUBLISHED, str(error))
        if options.per_second:
            self._clock.sleep(1 / options.per_second)
        return Outcome(under_way, Result.REPLAYED)

    def _reopen(self, key: str, options: ReplayOptions, *, reason: str) -> None:
        now = self._box.get(key)
        if now.state is LetterState.REPLAYING:
            self._box.move(
                now, LetterState.OPEN, action="not published", actor=options.actor, reason=reason
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
        now = self._box.get(outcome.letter.event_id)
        if now.state is LetterState.RESOLVED:
            return Outcome(now, Result.HANDLED)
        if now.state is LetterState.OPEN:
            return Outcome(now, Result.FAILED_AGAIN, now.cause)
        if not self._is_done(now):
            return outcome
        self._box.move(
            now, LetterState.RESOLVED, action="resolved", actor=options.actor, reason="handled"
        )
        return Outcome(now, Result.HANDLED)

    def _is_done(self, letter: Letter) -> bool:
        return self._letters.handled(letter.event_id, letter.topic)

    def _told(self, outcome: Outcome) -> Outcome:
        self._progress(outcome)
        return outcome
