"""What a use case answers: what to store and what to tell, decided but not yet done.

The spine commits the writes with the ledger record in one transaction and then publishes the
emits. Ids, times, correlation and causation are the spine's business, so a use case cannot get
them wrong, and the same cause always emits the same ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.messaging.outbox import Emit, Outbound
from shared.storage.writes import Write
from shared.telemetry.measurement import Duration, Measure


@dataclass(frozen=True, slots=True)
class Effects:
    """The decision about one event.

    Args:
        outcome: one word for the ledger and the log, such as ``created`` or ``rejected``.
        message: the log line for it; without one, that the event was committed.
        resends: events of before that go out again, each under an id of its own; they leave before
            the emits.
        measures: metrics, written after the commit and never for a duplicate.
        durations: times, measured under the same rule.
        order_id: the order that the decision is about, where the event does not name it; the event
            then belongs to that order's trace.
        facts: allow-listed fields for the log line, such as the order id.
    """

    outcome: str
    writes: Sequence[Write] = ()
    emits: Sequence[Emit] = ()
    resends: Sequence[Outbound] = ()
    measures: Sequence[Measure] = ()
    durations: Sequence[Duration] = ()
    facts: dict[str, str | int] = field(default_factory=dict)
    message: str = ""
    order_id: str | None = None
