"""The send ledger as items: one per mail event."""

import hashlib
import secrets
from collections.abc import Callable

from functions.notifications.domain import Mail, SendRecord, SendState
from shared.clock import Clock, iso
from shared.ledger import RETENTION
from shared.ports import Tables
from shared.schema import NOTIFICATIONS
from shared.writes import (
    Absent,
    AnyOf,
    ConditionsFailed,
    Equals,
    Item,
    Put,
    Update,
    Value,
    Write,
)

# Longer than an invocation can last: whoever still holds a claim after this is dead.
CLAIM_SECONDS = 60


class SendLedgerTables:
    """The send ledger in tables.

    Args:
        new_token: a fresh token per claim.
    """

    def __init__(
        self, tables: Tables, clock: Clock, *, new_token: Callable[[], str] = secrets.token_hex
    ) -> None:
        self._tables, self._clock, self._new_token = tables, clock, new_token

    def claim(self, mail: Mail) -> SendRecord:
        """Claim the send, or learn what became of it.

        Raises:
            ContentionError: another run is claiming it this moment.
            DependencyError: the store did not answer.
        """
        now = self._clock.now()
        token, expires = self._new_token(), int(now.timestamp()) + CLAIM_SECONDS
        item: dict[str, Value] = {
            "id": mail.event_id,
            "to": mail.to,
            "subject": mail.subject,
            "templateId": mail.template_id,
            "state": SendState.CLAIMED.value,
            "token": token,
            "expiresAt": expires,
            "event": mail.event,
            "ttl": int((now + RETENTION).timestamp()),
            "updatedAt": iso(now),
        }
        free = AnyOf((Absent(), Equals("state", SendState.FAILED.value)))
        try:
            self._tables.transact([Put(NOTIFICATIONS.name, item, when=(free,))])
        except ConditionsFailed as refused:
            held = refused.failures[0].current or self._tables.get(
                NOTIFICATIONS.name, {"id": mail.event_id}
            )
            if held is None:
                raise
            return _record(held, token)
        return SendRecord(SendState.CLAIMED, expires, mine=True)

    def is_suppressed(self, address: str) -> bool:
        """Whether the address is on the suppression list.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(NOTIFICATIONS.name, suppression_key(address)) is not None

    def suppress(self, address: str, reason: str) -> None:
        """Put the address on the suppression list; the first reason stays.

        Raises:
            ContentionError, DependencyError: not recorded.
        """
        item: dict[str, Value] = {
            **suppression_key(address),
            "to": address,
            "state": SendState.SUPPRESSED.value,
            "reason": reason,
            "updatedAt": iso(self._clock.now()),
        }
        try:
            self._tables.transact([Put(NOTIFICATIONS.name, item, when=(Absent(),))])
        except ConditionsFailed:
            return  # on the list already

    def suppressed(self, mail: Mail) -> Write:
        """Nothing was sent, and nothing will be."""
        return self._to(mail, SendState.SUPPRESSED, {})

    def failed(self, mail: Mail, reason: str) -> None:
        """Nothing was sent.

        Raises:
            DependencyError: the store did not answer.
        """
        try:
            self._tables.transact([self._to(mail, SendState.FAILED, {"reason": reason})])
        except ConditionsFailed:
            return  # our claim lapsed, and somebody else decided about the mail

    def sent(self, mail: Mail, message_id: str) -> Write:
        """The mail service took it."""
        return self._to(mail, SendState.SENT, {"messageId": message_id})

    def unknown(self, mail: Mail) -> Write:
        """Nobody can tell."""
        return self._to(mail, SendState.UNKNOWN, {})

    def _to(self, mail: Mail, state: SendState, facts: Item) -> Update:
        now = iso(self._clock.now())
        calm = state in {SendState.SENT, SendState.SUPPRESSED}
        attention: Item = {} if calm else {"attention": state.value}
        return Update(
            NOTIFICATIONS.name,
            {"id": mail.event_id},
            set={"state": state.value, "updatedAt": now, **attention, **facts},
            remove=("attention",) if calm else (),
            when=(Equals("state", SendState.CLAIMED.value),),
        )


def suppression_key(address: str) -> dict[str, str]:
    """Key of an address on the suppression list. Mail hosts ignore case, and so do we."""
    digest = hashlib.sha256(address.strip().lower().encode()).hexdigest()
    return {"id": f"suppressed#{digest}"}


def _record(item: Item, token: str) -> SendRecord:
    message_id = item.get("messageId")
    return SendRecord(
        state=SendState(str(item["state"])),
        expires_at=float(str(item["expiresAt"])),
        # The reply to our own first try was lost and the client asked again.
        mine=item.get("token") == token,
        message_id=None if message_id is None else str(message_id),
    )
