"""Use cases of the analytics topic."""

from functions.analytics.domain import letter_of
from functions.analytics.ports import Archive
from shared.contracts.analytics import AuditRecorded, DeadLetterReported, MetricRecorded
from shared.effects import Effects, Measure


def keep_audit(event: AuditRecorded, *, archive: Archive) -> Effects:
    """Add to the audit trail."""
    return Effects(outcome="kept", writes=[archive.entry(event)])


def write_metric(event: MetricRecorded) -> Effects:
    """Write a business metric, once its event is durably known."""
    payload = event.payload
    measure = Measure(payload.metric, payload.value, payload.dimensions)
    return Effects(outcome="measured", measures=(measure,))


def keep_dead_letter(event: DeadLetterReported, *, archive: Archive) -> Effects:
    """Keep a failed event: one record per event, however often it is reported (I16).

    Raises:
        DependencyError: the store did not answer.
    """
    letter = letter_of(event)
    known = archive.has_letter(letter.event_id)
    write = archive.repeated_letter(letter) if known else archive.new_letter(letter)
    return Effects(
        outcome="repeated" if known else "kept",
        writes=[write],
        measures=() if known else (Measure("DeadLetters", 1, {"topic": letter.topic}),),
        facts={"topic": letter.topic},
    )
