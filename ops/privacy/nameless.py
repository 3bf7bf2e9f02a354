"""What stays of rows and events when the person whom they are about is erased (S46).

Only what is listed here stays; whatever else a row or a payload has may be about the person,
whichever program wrote it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ops.audit.outbox import parsed
from ops.core.rows import entries, text
from ops.privacy.person import OF_USERS, Subject, is_of_operator, is_operator
from shared.contracts.actor import ActorKind
from shared.contracts.inventory import StockReason
from shared.contracts.statuses import RejectionReason
from shared.kernel import strict_json
from shared.kernel.ids import may_be_order_id
from shared.storage.records.order import ERASED
from shared.storage.writes import Item, Value

ERASED_AT = "erasedAt"
_ENVELOPE = ("eventId", "eventType", "timestamp", "version", "source", "causationId", "traceId")
_KEPT = frozenset(
    {
        *("orderId", "paymentId", "action", "entityType", "entityId", "status", "templateId"),
        *("productId", "variationId", "sku", "skus", "quantity", "price", "delta", "reserved"),
        *("previousStock", "newStock", "currentStock", "available", "threshold", "alert"),
        *("totalAmount", "amount", "paymentVouched", "trust", "lines", "verdict", "cause"),
        *("stuck", "repeated", "acceptedAt", "deliveredAt", "expiresAt", "cancelledBy"),
        *("correctedBy", "carrier", "fields", "operator", "by", "channel", "priority", "reference"),
    }
)
_NESTED = frozenset({"items", "templateData", "data", "metadata", "previousState", "newState"})
_REASONS = frozenset(
    {
        *get_args(RejectionReason),
        *get_args(StockReason),
        *("cancelled", "unconfirmed", "failed", "timeout", "bounce", "complaint"),
    }
)
_AUDIT = ("entity", "entryId", "at", "eventId", "source", "causationId")
_MESSAGE = (
    *("id", "state", "channel", "templateId", "eventId", "token", "expiresAt", "ttl"),
    *("updatedAt", "messageId", "resolution", "historyCount", ERASED_AT),
)
_SUPPRESSION = ("id", "state", "reason", "updatedAt")


class Nameless:
    """Rows and events without the person.

    Args:
        pseudonym: what stands in the place of the user.
        now: the present moment, ISO-8601.
    """

    def __init__(self, subject: Subject, pseudonym: str, now: str) -> None:
        self._subject, self._pseudonym, self._now = subject, pseudonym, now

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values: ids, numbers and codes of ours."""
        kept: dict[str, Any] = {}
        for name, value in values.items():
            if name == "userId" and value is not None:
                kept[name] = self._pseudonym
            elif name == "actor" and isinstance(value, Mapping):
                kept[name] = self._actor(value)
            elif name == "reason" and value in _REASONS:
                kept[name] = value
            elif name in _NESTED and isinstance(value, Mapping):
                kept[name] = self.values(value)
            elif name in _NESTED and isinstance(value, Sequence) and not isinstance(value, str):
                kept[name] = [self.values(line) for line in value if isinstance(line, Mapping)]
            elif name in _KEPT and not isinstance(value, Mapping):
                is_address = self._subject.person.has_address(value)
                kept[name] = self._pseudonym if is_address else value
        if kept.get("entityType") in OF_USERS and self._is_user(kept.get("entityId")):
            kept["entityId"] = self._pseudonym
        return kept

    def event(self, body: str) -> str:
        """An event's JSON; one that is about others only stays as it is."""
        values = parsed(body)
        payload = values.get("payload")
        if not isinstance(payload, Mapping):
            return "{}"
        if not self._subject.is_about(payload):
            return body
        kept: dict[str, Any] = {name: values[name] for name in _ENVELOPE if name in values}
        kept |= self._correlation(values)
        return strict_json.dumps({**kept, "payload": self.values(payload)})

    # ------------------------------------------------------------------ rows
    def record(self, row: Item) -> Item:
        """A ledger record: its digest of the content stays, by which a late delivery is recognised."""
        sent = entries(row, "outbox")
        made = [self._sent(entry) for entry in sent]
        return row if made == sent else {**row, "outbox": made}

    def message(self, row: Item) -> Item:
        """A row of the send ledger: that it was sent, and what for."""
        kept = {name: row[name] for name in _MESSAGE if name in row}
        for name in ("history", "historyNewest"):
            if told := entries(row, name):
                kept[name] = [{**entry, "reason": ERASED} for entry in told]
        event = self.event(text(row, "event"))
        return {ERASED_AT: self._now, **kept, "to": ERASED, "event": event}

    def suppression(self, row: Item) -> Item:
        """An address on the suppression list: it is found by its digest, and protects its owner."""
        return {name: row[name] for name in _SUPPRESSION if name in row}

    def entry(self, row: Item) -> Item:
        """An audit entry; its key names the user where it is about the user."""
        kept = {**{name: row[name] for name in _AUDIT if name in row}, **self.values(row)}
        kept |= self._correlation(row)
        if is_of_operator(row):
            kept["userId"] = row["userId"]
        kept["entity"] = f"{text(kept, 'entityType')}#{text(kept, 'entityId')}"
        return kept

    # ------------------------------------------------------------------ parts
    def _sent(self, entry: Mapping[str, Value]) -> Item:
        body = text(entry, "body")
        if entry.get("erased") or (event := self.event(body)) == body:
            return entry
        kept = {name: value for name, value in entry.items() if name != "correlationId"}
        return {**kept, **self._correlation(entry), "body": event, "erased": True}

    def _is_user(self, value: object) -> bool:
        return self._subject.person.is_user(value)

    def _actor(self, actor: Mapping[str, Any]) -> Mapping[str, Any]:
        if is_operator(actor) or actor.get("kind") == ActorKind.SYSTEM.value:
            return actor
        return {"kind": ActorKind.CUSTOMER.value, "id": self._pseudonym}

    def _correlation(self, values: Mapping[str, Any]) -> dict[str, Any]:
        # A caller chose it, and may have chosen a name; of ours is only an order's id.
        chosen = values.get("correlationId")
        is_ours = isinstance(chosen, str) and may_be_order_id(chosen)
        return {"correlationId": chosen} if is_ours else {}
