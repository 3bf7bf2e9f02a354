"""The use case that every report of a failure ends in."""

from shared import metrics
from shared.contracts.analytics import DeadLetterReported
from shared.dead_letters.letter import letter_of
from shared.dead_letters.store import DeadLetterTables
from shared.effects import Effects


def keep_dead_letter(event: DeadLetterReported, *, letters: DeadLetterTables) -> Effects:
    """Keep a failed event: one record per event, however often it is reported (I16).

    Raises:
        DependencyError: the store did not answer.
    """
    letter = letter_of(event)
    known = letters.has(letter.event_id)
    return Effects(
        outcome="repeated" if known else "kept",
        writes=[letters.again(letter) if known else letters.first(letter)],
        measures=() if known else (metrics.DEAD_LETTERS.of(1, topic=letter.topic),),
        facts={"topic": letter.topic},
    )
