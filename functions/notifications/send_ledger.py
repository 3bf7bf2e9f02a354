"""The send ledger as items: one per mail, text, and push to a device; beside them the caps."""

import hashlib
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from functions.notifications.domain import (
    Message,
    SendRecord,
    SendState,
    budgets_of,
    digest_of,
)
from shared.contracts.channels import Channel
from shared.contracts.content import may_be_same
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import EventIdReusedError, RecipientCappedError
from shared.messaging.ledger import RETENTION
from shared.storage.ports import Tables
from shared.storage.schema import NOTIFICATIONS
from shared.storage.writes import (
    Absent,
    AnyOf,
    AtMost,
    Condition,
    ConditionsFailed,
    Equals,
    Item,
    Missing,
    Put,
    Update,
    Value,
    Write,
)

# Longer than an invocation can last: whoever still holds a claim after this is dead.
CLAIM_SECONDS = 60
# Over how long into the next hour those who wait for it are spread.
_SPREAD_SECONDS = 300
_LONGEST_WAIT_SECONDS = 3600 + _SPREAD_SECONDS
_NO_CAPS: Mapping[Channel, int] = MappingProxyType({})


class SendLedgerTables:
    """The send ledger in tables.

    Args:
        caps: how much one recipient may be told per hour and channel; without one, no matter.
        new_token: a fresh token per claim.
    """

    def __init__(
        self,
        tables: Tables,
        clock: Clock,
        *,
        caps: Mapping[Channel, int] = _NO_CAPS,
        new_token: Callable[[], str] = secrets.token_hex,
    ) -> None:
        self._tables, self._clock, self._caps, self._new_token = tables, clock, caps, new_token

    def claim(self, message: Message) -> SendRecord:
        """Claim the send, or learn what became of it.

        The first claim counts against the recipient's cap, in the same transaction; claiming again
        after a failure does not, however often.

        Raises:
            RecipientCappedError: the cap is reached; it is kept as waiting for the next hour.
            ContentionError: another run is claiming it this moment.
            DependencyError: the store did not answer.
        """
        now = self._clock.now()
        token, expires = self._new_token(), int(now.timestamp()) + CLAIM_SECONDS
        item: dict[str, Value] = {
            "id": message.send_id,
            **message.facts(),
            "state": SendState.CLAIMED.value,
            "token": token,
            "expiresAt": expires,
            "event": message.event,
            "ttl": int((now + RETENTION).timestamp()),
            "updatedAt": iso(now),
        }
        counted = self._counted(message, now)
        held = self._stood_in_the_way([_put(item, Absent()), *counted], item, message)
        if held is not None and held["state"] == SendState.WAITING.value:
            held = self._stood_in_the_way([_put(item, _as_found(held)), *counted], item, message)
            if held is not None and held["state"] == SendState.WAITING.value:
                # Of two runs that came back in its hour, the other one has put it off again.
                raise self._capped(message, wait_of(held, now, message.send_id))
        if held is not None and held["state"] == SendState.FAILED.value:
            # By its token: of two runs that see the same failure one gets it.
            held = self._stood_in_the_way([_put(item, _as_found(held))], item, message)
        if held is not None:
            return _record(held, token)
        return SendRecord(SendState.CLAIMED, expires, mine=True)

    def _stood_in_the_way(
        self, writes: Sequence[Write], item: Item, message: Message
    ) -> Item | None:
        try:
            self._tables.transact(writes)
        except ConditionsFailed as refused:
            first = refused.failures[0]
            if first.index > 0:
                raise self._put_off(item, message) from None
            held = first.current or self._tables.get(NOTIFICATIONS.name, {"id": message.send_id})
            if held is None:
                raise
            return held
        return None

    def _counted(self, message: Message, now: datetime) -> list[Write]:
        most = self._caps.get(message.channel)
        if most is None or not message.capped:
            return []
        return [
            Update(
                NOTIFICATIONS.name,
                cap_key(message.mailbox, now, budget),
                set={"ttl": int((now + timedelta(hours=2)).timestamp())},
                add={"told": 1},
                when=(AnyOf((Missing("told"), AtMost("told", limit - 1))),),
            )
            for budget, limit in budgets_of(message, most).items()
        ]

    def _put_off(self, item: Item, message: Message) -> RecipientCappedError:
        now = self._clock.now()
        wait = until_next_hour(now, message.send_id)
        expires = int(now.timestamp()) + wait
        waiting = {**item, "state": SendState.WAITING.value, "expiresAt": expires}
        # So that whoever looks finds it. A claim that was made meanwhile stays.
        still = AnyOf((Absent(), Equals("state", SendState.WAITING.value)))
        self.settle(_put(waiting, still))
        return self._capped(message, wait)

    def _capped(self, message: Message, wait: int) -> RecipientCappedError:
        return RecipientCappedError(
            f"recipient: got as many messages of this kind by {message.channel.name} as one gets "
            "within an hour; the others wait for the next one",
            retry_after=wait,
        )

    def keep_content(self, event_id: str, content: str) -> None:
        """Keep what the event says, before any of its several messages is sent.

        Raises:
            EventIdReusedError: the id belongs to an event that says something else (I29).
            ContentionError, DependencyError: not stored.
        """
        now = self._clock.now()
        item: dict[str, Value] = {
            **content_key(event_id),
            "content": content,
            "ttl": int((now + RETENTION).timestamp()),
            "updatedAt": iso(now),
        }
        try:
            self._tables.transact([_put(item, Absent())])
        except ConditionsFailed as refused:
            kept = refused.failures[0].current or self._tables.get(
                NOTIFICATIONS.name, content_key(event_id)
            )
            if kept is None:
                raise
            if not may_be_same(str(kept["content"]), content):
                raise EventIdReusedError from None

    def is_suppressed(self, address: str) -> bool:
        """Whether the address is on the suppression list.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(NOTIFICATIONS.name, suppression_key(address)) is not None

    def suppression(self, address: str, reason: str) -> Write:
        """Put the address on the suppression list, unless it is on it; the first reason stays."""
        item: dict[str, Value] = {
            **suppression_key(address),
            "to": address,
            "state": SendState.SUPPRESSED.value,
            "reason": reason,
            "updatedAt": iso(self._clock.now()),
        }
        return Put(NOTIFICATIONS.name, item, when=(Absent(),))

    def suppressed(self, message: Message) -> Write:
        """Nothing was sent, and nothing will be."""
        return self._to(message, SendState.SUPPRESSED, {})

    def failed(self, message: Message, reason: str) -> None:
        """Nothing was sent.

        Raises:
            DependencyError: the store did not answer.
        """
        try:
            self._tables.transact([self._to(message, SendState.FAILED, {"reason": reason})])
        except ConditionsFailed:
            return  # our claim lapsed, and somebody else decided about it

    def sent(self, message: Message, message_id: str) -> Write:
        """The service took it."""
        return self._to(message, SendState.SENT, {"messageId": message_id})

    def unknown(self, message: Message) -> Write:
        """Nobody can tell."""
        return self._to(message, SendState.UNKNOWN, {})

    def settle(self, write: Write) -> None:
        """Store it now; if another run found the claim lapsed, its word stands.

        Raises:
            ContentionError, DependencyError: not stored.
        """
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return

    def _to(self, message: Message, state: SendState, facts: Item) -> Update:
        now = iso(self._clock.now())
        calm = state in {SendState.SENT, SendState.SUPPRESSED}
        attention: Item = {} if calm else {"attention": state.value}
        return Update(
            NOTIFICATIONS.name,
            {"id": message.send_id},
            set={"state": state.value, "updatedAt": now, **attention, **facts},
            remove=("attention",) if calm else (),
            when=(Equals("state", SendState.CLAIMED.value),),
        )


def _put(item: Item, when: Condition) -> Put:
    return Put(NOTIFICATIONS.name, item, when=(when,))


def content_key(event_id: str) -> dict[str, str]:
    """Key of what an event with several messages says. No other key has this form: ``#`` is in no
    event id and in no user id."""
    return {"id": f"{event_id}#push#content"}


def suppression_key(address: str) -> dict[str, str]:
    """Key of an address on the suppression list."""
    return {"id": f"suppressed#{digest_of(address)}"}


def cap_key(mailbox: str, now: datetime, budget: str) -> dict[str, str]:
    """Key of what a recipient was told within the hour of the clock, without naming them."""
    of_kind = f"#{budget}" if budget else ""
    return {"id": f"cap#{digest_of(mailbox)}#{now.astimezone(UTC):%Y-%m-%dT%H}{of_kind}"}


def until_next_hour(now: datetime, send_id: str) -> int:
    """Seconds until a send that is over the cap is worth another try, in the next hour.

    Not all at its first second, where they would be in each other's way; when is each one's own.
    """
    into_next = int.from_bytes(hashlib.sha256(send_id.encode()).digest()[:4]) % _SPREAD_SECONDS
    return 3600 - int(now.timestamp()) % 3600 + into_next


def wait_of(waiting: Item, now: datetime, send_id: str) -> int:
    """Seconds until a send that another run put off is worth another try.

    What no run of ours wrote, such as a moment that is years away or is none, counts as put off now.
    """
    left = _moment(waiting) - now.timestamp()
    if left > _LONGEST_WAIT_SECONDS:
        return until_next_hour(now, send_id)
    return round(max(1.0, left))


def _moment(item: Item) -> float:
    """Until when a row says that it is worked on or put off; past, if it says no moment (S27)."""
    try:
        moment = float(str(item.get("expiresAt")))
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(moment) else moment


def _as_found(held: Item) -> Condition:
    """No other run has taken the row up since it was read."""
    token = held.get("token")
    return Equals("token", token) if isinstance(token, str) else Equals("state", str(held["state"]))


def _record(item: Item, token: str) -> SendRecord:
    message_id = item.get("messageId")
    return SendRecord(
        state=SendState(str(item["state"])),
        expires_at=_moment(item),
        # The reply to our own first try was lost and the client asked again.
        mine=item.get("token") == token,
        message_id=None if message_id is None else str(message_id),
    )
