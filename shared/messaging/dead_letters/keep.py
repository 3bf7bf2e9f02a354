"""The use case that every report of a failure ends in."""

from shared.contracts.analytics import DeadLetterReported
from shared.contracts.topics import Topic
from shared.messaging.dead_letters.dead_letter import DeadLetter, dead_letter_of
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.effects import Effects
from shared.storage.records.dead_letter import DeadLetterKind, DeadLetterRow, DeadLetterState
from shared.telemetry import metrics
from shared.telemetry.measurement import Measure

_TOPICS = frozenset(topic.value for topic in Topic)


def keep_dead_letter(event: DeadLetterReported, *, dead_letters: DeadLetterTables) -> Effects:
    """Keep a failed event: one record per event, however often it is reported (I16).

    What is done stays done: an event that its topic has handled, by whatever message, has a dead
    letter that is resolved, however late its failures are reported.

    Raises:
        DependencyError: the store did not answer.
    """
    dead_letter = dead_letters.heard(dead_letter_of(event))
    known = dead_letters.find(dead_letter.key)
    handled = dead_letters.handled(dead_letter.key, dead_letter.topic)
    state = dead_letters.state_after(dead_letter, known, handled=handled)
    write = (
        dead_letters.first(dead_letter, state)
        if known is None
        else dead_letters.again(dead_letter, known, state)
    )
    return Effects(
        outcome="kept" if known is None else "repeated",
        writes=[write],
        measures=_measures(dead_letter, known, state),
        # A report may come from any program: only a topic of ours is text for a log (S34).
        facts={"topic": dead_letter.topic if dead_letter.topic in _TOPICS else "other"},
    )


def _measures(
    dead_letter: DeadLetter, known: DeadLetterRow | None, state: DeadLetterState
) -> list[Measure]:
    first = [metrics.DEAD_LETTERS.of(1, topic=dead_letter.topic)] if known is None else []
    refused = state is DeadLetterState.OPEN and dead_letter.kind is DeadLetterKind.REFUSED
    was = known is not None and _waits_for_an_operator(known)
    if refused and not was:
        first.append(metrics.DEAD_LETTERS_REFUSED.of(1, topic=dead_letter.topic))
    return first


def _waits_for_an_operator(row: DeadLetterRow) -> bool:
    return row.state is DeadLetterState.OPEN and row.kind is DeadLetterKind.REFUSED
