"""The use case that every report of a failure ends in."""

from shared.contracts.analytics import DeadLetterReported
from shared.messaging.dead_letters.answers import LetterKind
from shared.messaging.dead_letters.dead_letter import DeadLetter, LetterState, letter_of
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.effects import Effects
from shared.storage.writes import Item
from shared.telemetry import metrics
from shared.telemetry.measurement import Measure


def keep_dead_letter(event: DeadLetterReported, *, letters: DeadLetterTables) -> Effects:
    """Keep a failed event: one record per event, however often it is reported (I16).

    What is done stays done: an event that its topic has handled, by whatever message, has a dead
    letter that is resolved, however late its failures are reported.

    Raises:
        DependencyError: the store did not answer.
    """
    letter = letters.heard(letter_of(event))
    known, handled = letters.find(letter.key), letters.handled(letter.key, letter.topic)
    state = letters.state_after(letter, known, handled=handled)
    write = letters.again(letter, known, state) if known else letters.first(letter, state)
    return Effects(
        outcome="kept" if known is None else "repeated",
        writes=[write],
        measures=_measures(letter, known, state),
        facts={"topic": letter.topic},
    )


def _measures(letter: DeadLetter, known: Item | None, state: LetterState) -> list[Measure]:
    first = [metrics.DEAD_LETTERS.of(1, topic=letter.topic)] if known is None else []
    refused = state is LetterState.OPEN and letter.kind is LetterKind.REFUSED
    was = known is not None and _waits_for_an_operator(known)
    if refused and not was:
        first.append(metrics.DEAD_LETTERS_REFUSED.of(1, topic=letter.topic))
    return first


def _waits_for_an_operator(letter: Item) -> bool:
    is_open = letter.get("state") == LetterState.OPEN.value
    return is_open and letter.get("kind") == LetterKind.REFUSED.value
