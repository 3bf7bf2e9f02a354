"""Moves units of one SKU: each command is one transaction, remembered under its key."""

from dataclasses import dataclass

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.stock.domain import OperatorAction, Request, Sold, checked, delta_of
from ops.stock.effects import moved
from ops.stock.store import StockTables, move_writes
from shared.contracts.audit_actions import AuditAction
from shared.contracts.envelope import JsonObject
from shared.contracts.topics import ANALYTICS_AUDIT
from shared.kernel import strict_json
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import DependencyError, EventIdReusedError, PipelineError
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.storage.ports import Tables
from shared.storage.records.order import OrderRow
from shared.storage.records.stock import StockRow

_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did.

    Args:
        before, after: units available, as the transaction found and left them.
        repeated: whether an earlier run did it, and this one found that.
        unpublished: why its events did not leave yet, None if they did.
    """

    sku: str
    before: int
    after: int
    repeated: bool
    unpublished: PipelineError | None


class StockService:
    """Carries out one operator's requests."""

    def __init__(
        self, tables: Tables, ledger: OperatorLedger, clock: Clock, *, operator: str
    ) -> None:
        self._stock, self._ledger, self._clock = StockTables(tables), ledger, clock
        self._operator = operator

    def carry_out(self, request: Request, *, why: str, key: str) -> Done:
        """Do it once, however often it is asked for under this key.

        Args:
            key: a valid idempotency key; remembered for as long as the ledger's records are.

        Raises:
            OperatorError: it cannot be done, or the key belongs to another request.
            ContentionError: others kept changing the stock; nothing was stored.
            DependencyError: the store did not answer; repeating under this key is safe.
        """
        checked(request)
        event_id = f"operator:{key}"
        try:
            record, repeated = self._committed(request, why, event_id)
        except DependencyError as error:
            said = f"whether anything was stored is not known: repeat it with --key {key}"
            raise DependencyError(f"{error}; {said}") from error
        audit = _audit_in(record)
        if _of(audit, "metadata").get("request") != str(request):
            raise OperatorError(f"--key: {key} belongs to another command: use a new one")
        return Done(
            sku=request.sku,
            before=int(_of(audit, "previousState")["available"]),
            after=int(_of(audit, "newState")["available"]),
            repeated=repeated,
            unpublished=self._ledger.publish([record]),
        )

    def _committed(self, request: Request, why: str, event_id: str) -> tuple[Record, bool]:
        def committed(attempt: int) -> tuple[Record, bool]:
            if (known := self._ledger.find(event_id)) is not None:
                return known, True
            try:
                return self._decided(request, why, event_id, attempt), False
            except AlreadyRecordedError as known_now:
                return known_now.record, True
            except OperatorError:
                # Refused, perhaps because another run of this very command has just done it.
                if (known := self._ledger.find(event_id)) is None:
                    raise
                return known, True

        return self._ledger.retry_contention(
            committed,
            # Another command took the key this moment: look at what it did.
            also_on=(EventIdReusedError,),
            gave_up=f"{request.sku}: others keep moving its units; nothing was stored",
        )

    def _decided(self, request: Request, why: str, event_id: str, attempt: int) -> Record:
        row, sold = self._look(request)
        at = iso(self._clock.now())
        action = OperatorAction(event_id, str(request), self._operator, why, at)
        delta = delta_of(request, row, sold)
        writes = move_writes(action, request, row, delta, sold)
        effects = moved(action, request, row, delta, writes)
        return self._ledger.commit(
            event_id,
            AuditAction.of("stock", request.reason),
            effects,
            attempt=attempt,
            correlation_id=_correlation_of(sold.order) if sold is not None else "",
            order_id=sold.order.order_id if sold is not None else "",
        )

    def _look(self, request: Request) -> tuple[StockRow, Sold | None]:
        row, sold = self._stock.look(request)
        if row is None:
            said = f"there is no {request.sku} in the catalogue; import makes new ones"
            raise OperatorError(f"sku: {said}")
        return row, sold


def _correlation_of(order: OrderRow) -> str:
    """What the events about the order repeat."""
    return order.correlation_id or order.order_id


def _audit_in(record: Record) -> JsonObject:
    """What the record told the audit trail: the last of its events."""
    kept = [m for m in record.outbox if m.event_type == ANALYTICS_AUDIT]
    if not kept:
        return {}  # a count that an import found right: it told nobody
    values: JsonObject = strict_json.loads(kept[-1].body.encode(), max_bytes=_MOST_BYTES)
    return _of(values, "payload")


def _of(values: JsonObject, name: str) -> JsonObject:
    found = values.get(name)
    return found if isinstance(found, dict) else {}
