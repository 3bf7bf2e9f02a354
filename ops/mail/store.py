"""Doubtful mail and the suppression list, as operators read and change them in the tables."""

from dataclasses import dataclass

from functions.notifications.send_ledger import suppression_key
from ops.core.errors import OperatorError
from ops.mail.domain import Attention, Decision, DoubtfulMail, check_can_be_decided
from shared.kernel.errors import UnreadableRowError
from shared.storage.bounded import Note, note, noted
from shared.storage.ports import Tables
from shared.storage.readable import read_row, read_rows
from shared.storage.schema import NOTIFICATIONS
from shared.storage.writes import Delete, Equals, Item, Update, Write


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A doubtful mail with its row as it was read.

    Args:
        decisions: how many decisions were noted with it so far.
        resolution: the decision that stands, None while it has none.
    """

    mail: DoubtfulMail
    decisions: int
    resolution: str | None
    row: Item


class MailTables:
    """Doubtful mail in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def waiting(self, attention: Attention) -> list[DoubtfulMail | UnreadableRowError]:
        """Mail that needs a decision, longest waiting first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(NOTIFICATIONS.name, attention, index="byState", limit=1000)
        return list(read_rows(NOTIFICATIONS.name, items, _mail))

    def find(self, event_id: str) -> StoredMail:
        """One mail.

        Raises:
            OperatorError: there is none.
            UnreadableRowError: it makes no sense.
            DependencyError: the store did not answer.
        """
        item = self._tables.get(NOTIFICATIONS.name, {"id": event_id})
        if item is None or "event" not in item:
            raise OperatorError(f"event id: there is no mail {event_id}")
        return read_row(NOTIFICATIONS.name, item, _stored)


def decision_write(stored: StoredMail, decision: Decision, now: str) -> Write:
    """The decision, if the mail still waits as it was read."""
    mail, told = stored.mail, _noted(stored, decision, now)
    return Update(
        NOTIFICATIONS.name,
        {"id": mail.event_id},
        set={"resolution": decision.resolution, **told.set},
        add=told.add,
        append=told.append,
        remove=("attention",),
        when=(Equals("attention", mail.attention), *told.when),
    )


def _noted(stored: StoredMail, decision: Decision, now: str) -> Note:
    entry = {
        "at": now,
        "action": decision.resolution,
        "by": decision.actor,
        "reason": decision.reason,
    }
    return note(stored.row, "history", entry)


def _stored(item: Item) -> StoredMail:
    mail = _mail(item)
    check_can_be_decided(mail)
    decided = item.get("resolution")
    resolution = None if decided is None else str(decided)
    return StoredMail(mail, noted(item, "history"), resolution, item)


def _mail(item: Item) -> DoubtfulMail:
    return DoubtfulMail(
        event_id=str(item["id"]),
        attention=str(item.get("attention", "")),
        to=str(item["to"]),
        subject=str(item.get("subject", "")),
        template_id=str(item.get("templateId") or item.get("channel", "")),
        updated_at=str(item["updatedAt"]),
        event=str(item["event"]),
    )


# ------------------------------------------------------------------ the suppression list
@dataclass(frozen=True, slots=True)
class Suppression:
    """An entry of the list: why the address is not mailed, and since when (ISO-8601)."""

    address: str
    reason: str
    since: str


class SuppressionTables:
    """The suppression list in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, address: str) -> Suppression | None:
        """The entry of an address, None if it is not on the list.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(NOTIFICATIONS.name, suppression_key(address))
        if item is None:
            return None
        return read_row(
            NOTIFICATIONS.name,
            item,
            lambda row: Suppression(
                address, reason=str(row["reason"]), since=str(row["updatedAt"])
            ),
        )


def removal_write(entry: Suppression) -> Write:
    """The entry off the list; only the one that was looked at: a newer report stays."""
    return Delete(
        NOTIFICATIONS.name,
        suppression_key(entry.address),
        when=(Equals("updatedAt", entry.since),),
    )
