"""Tells what is kept of a person, and erases it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.privacy.erasure.store import Step, commit, steps
from ops.privacy.nameless import Nameless
from ops.privacy.obstacles import Obstacle, obstacles
from ops.privacy.person import Person
from ops.privacy.store import Found, Progress, Search, Source, under_way
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import ContentionError, PipelineError
from shared.kernel.ids import OrderIds
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.ports import Tables


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Where one operator looks after people's data, for one reason.

    Args:
        order_ids: their key makes the pseudonyms, too.
        new_id: makes the id of an audit entry.
        progress: told the table and how many of its rows were looked at so far.
    """

    source: Source
    tables: Tables
    ledger: OperatorLedger
    clock: Clock
    order_ids: OrderIds
    operator: str
    reason: str
    new_id: Callable[[], str]
    progress: Progress


@dataclass(slots=True)
class Erased:
    """What became of a request to erase a person.

    Args:
        rows: how many rows of each kind were erased, or would be.
        in_the_way: what is on its way; then nothing was erased.
        endpoints: devices that SNS keeps, and that are to be deleted there.
        unpublished: why the audit trail was not told yet, None if it was.
    """

    pseudonym: str
    rows: Counter[str] = field(default_factory=Counter)
    in_the_way: Sequence[Obstacle] = ()
    endpoints: Sequence[str] = ()
    unpublished: PipelineError | None = None


class PrivacyService:
    """What an operator does for a person who asks for their data, or for its end."""

    def __init__(self, given: Dependencies) -> None:
        self._with = given

    def now(self) -> datetime:
        """The present moment."""
        return self._with.clock.now()

    def find(self, person: Person) -> Found:
        """What is kept of the person.

        Raises:
            OperatorError: the reason names the person, and would be kept for ever.
            DependencyError: the store did not answer.
        """
        if person.is_in(self._with.reason):
            raise OperatorError(
                "--reason: must not name the person: it stays in the audit trail for ever"
            )
        return Search(self._with.source, person, self._with.progress).run()

    def note_export(self, found: Found) -> PipelineError | None:
        """Note in the audit trail that the data is handed out, before it is.

        Raises:
            ContentionError, DependencyError: not noted.
        """
        return self._note(AuditAction.PERSON_EXPORTED, found, found.counts())

    def erase(self, found: Found, *, dry_run: bool = False) -> Erased:
        """Make nameless what must stay, and remove everything else; repeating it finishes it.

        Raises:
            ContentionError: a row changed meanwhile; what was erased stays erased.
            DependencyError: a store did not answer; what was erased stays erased.
        """
        given = self._with
        moment = given.clock.now()
        now, pseudonym = iso(moment), found.subject.person.pseudonym(given.order_ids)
        to = Nameless(found.subject, pseudonym, now)
        todo = list(steps(found, to, pseudonym, now))
        done = Erased(pseudonym, Counter(step.kind for step in todo))
        done.endpoints = [name for row in found.devices for name in _texts(row.get("endpoints"))]
        if todo:
            young = under_way(given.source, found, moment)
            done.in_the_way = list(obstacles(found, young, moment))
        if dry_run or done.in_the_way or not todo:
            return done
        # Before the first row: an erasure that is interrupted is in the trail, too.
        done.unpublished = self._note(AuditAction.PERSON_ERASED, found, done.rows)
        self._commit(todo)
        return done

    def _commit(self, todo: Sequence[Step]) -> None:
        for number, step in enumerate(todo):
            if not commit(self._with.tables, step):
                raise ContentionError(
                    f"one of the {step.kind} changed meanwhile; {number} of {len(todo)} rows are "
                    "erased: the same command again does the rest"
                )

    def _note(
        self, action: AuditAction, found: Found, rows: Mapping[str, int]
    ) -> PipelineError | None:
        given, event_id = self._with, self._with.new_id()
        audit = AuditPayload(
            action=action,
            entity_type="person",
            entity_id=found.subject.person.pseudonym(given.order_ids),
            previous_state={"status": "kept"},
            new_state={"rows": {name: count for name, count in rows.items() if count}},
            metadata={"reason": given.reason, **Actor.operator(given.operator).as_metadata()},
        )
        effects = Effects(outcome=action.value, emits=[Emit(AuditRecorded, audit)])
        record = given.ledger.commit(event_id, action.value, effects, attempt=1)
        return given.ledger.publish([record])


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, Iterable) else []
