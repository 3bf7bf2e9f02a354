"""Finds what is kept of a person. Four tables have no index by person: they are read page by page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from functions.notifications.channels.push.devices import registration_key
from functions.notifications.domain import digest_of
from functions.notifications.send_ledger import suppression_key
from ops.audit.outbox import Sent, parsed, sent_by
from ops.core.rows import Name, inner, name_of, text
from ops.privacy.person import (
    CHANNELS,
    OF_ORDERS,
    OF_USERS,
    Person,
    Subject,
    is_of_operator,
)
from shared.commerce.payment_identity import identity_of_checkout, user_digest
from shared.contracts.topics import Topic
from shared.kernel.clock import iso
from shared.kernel.errors import UnreadableRowError
from shared.storage.readable import read_row
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation
from shared.storage.schema import (
    AUDIT,
    CHECKOUTS,
    DEAD_LETTERS,
    LEDGER,
    NOTIFICATIONS,
    ORDERS,
    RESERVATIONS,
)
from shared.storage.writes import Item

T = TypeVar("T")
Progress = Callable[[str, int], None]
# After this QStash has given up on every message, and so a dead letter says what became of it.
_LONGEST_WAY = timedelta(days=1)


class Source(Protocol):
    """The tables of a stage, for reading."""

    def pages(self, table: str) -> Iterator[Sequence[Item]]:
        """Every row of a table, a page at a time."""
        ...

    def related(self, table: str, value: str, index: str | None = None) -> Iterator[Sequence[Item]]:
        """Every row with this partition key, of the table or of an index, a page at a time."""
        ...

    def get(self, names: Iterable[Name]) -> Mapping[Name, Item]:
        """Those of the named rows that exist, as of now."""
        ...


@dataclass(slots=True)
class Found:
    """What is kept of a person.

    Args:
        messages: mails, texts and pushes.
        records: of the ledger; with events about others beside theirs, perhaps.
        suppressions: their addresses on the suppression list.
        unreadable: rows that make no sense, whoever they are about.
    """

    subject: Subject
    orders: list[OrderRow] = field(default_factory=list)
    checkouts: list[CheckoutRow] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    dead_letters: list[DeadLetterRow] = field(default_factory=list)
    messages: list[Item] = field(default_factory=list)
    devices: list[Item] = field(default_factory=list)
    suppressions: list[Item] = field(default_factory=list)
    records: list[Item] = field(default_factory=list)
    audit: list[Item] = field(default_factory=list)
    unreadable: list[UnreadableRowError] = field(default_factory=list)

    def counts(self) -> Mapping[str, int]:
        """How many rows there are of each kind, by the name a person gives them."""
        kinds: Mapping[str, Sequence[object]] = {
            "orders": self.orders,
            "checkouts": self.checkouts,
            "reservations": self.reservations,
            "dead letters": self.dead_letters,
            "messages": self.messages,
            "device registrations": self.devices,
            "addresses on the suppression list": self.suppressions,
            "records of events": self.records,
            "audit entries": self.audit,
        }
        return {name: len(rows) for name, rows in kinds.items()}


def under_way(source: Source, found: Found, now: datetime) -> list[Sent]:
    """What the person's events caused, and was neither handled nor became a dead letter.

    Raises:
        DependencyError: the store did not answer.
    """
    since = iso(now - _LONGEST_WAY)
    young = (record for record in found.records if text(record, "committedAt") > since)
    sent = [event for record in young for event in sent_by(record)]
    ends = [(event, event.receipt, (DEAD_LETTERS.name, (event.event_id,))) for event in sent]
    known = source.get([name for _event, *names in ends for name in names])
    return [event for event, receipt, letter in ends if not {receipt, letter} & known.keys()]


def as_stored(found: Found) -> Mapping[str, Sequence[Item]]:
    """The rows of each kind, as they are stored."""
    return {
        "orders": [row.to_item() for row in found.orders],
        "checkouts": [row.to_item() for row in found.checkouts],
        "reservations": [row.to_item() for row in found.reservations],
        "messages": found.messages,
        "devices": found.devices,
        "suppressedAddresses": found.suppressions,
        "deadLetters": [row.to_item() for row in found.dead_letters],
        "auditTrail": found.audit,
    }


class Search:
    """One look for one person.

    Args:
        progress: told the table and how many of its rows were looked at so far.
    """

    def __init__(self, source: Source, person: Person, progress: Progress) -> None:
        self._source, self._person, self._progress = source, person, progress
        self._subject = Subject(person)
        self._found = Found(self._subject)

    def run(self) -> Found:
        """Everything that is kept of the person. Orders first: what else is theirs follows from them.

        Raises:
            DependencyError: the store did not answer.
        """
        found = self._found
        found.orders = list(self._scan(ORDERS.name, OrderRow.from_item, self._is_theirs))
        self._subject.orders = {row.order_id for row in found.orders}
        found.checkouts = list(self._scan(CHECKOUTS.name, CheckoutRow.from_item, self._asked))
        theirs: list[OrderRow | CheckoutRow] = [*found.orders, *found.checkouts]
        orders = {row.order_id for row in theirs}
        payments = {row.payment_id for row in theirs}
        self._subject.orders, self._subject.payments = orders, payments
        found.reservations = self._reservations(orders)
        found.messages = list(self._scan(NOTIFICATIONS.name, _as_it_is, self._is_message))
        messages = {text(row, "eventId") or text(row, "id") for row in found.messages}
        self._subject.messages = messages
        found.dead_letters = list(
            self._scan(DEAD_LETTERS.name, DeadLetterRow.from_item, self._failed)
        )
        self._lists()
        found.records = self._records(orders, messages)
        found.audit = self._audit(orders, payments, messages)
        return found

    # ------------------------------------------------------------------ what is read as a whole
    def _scan(
        self, table: str, decode: Callable[[Item], T], wanted: Callable[[T], bool]
    ) -> Iterator[T]:
        seen = 0
        for page in self._source.pages(table):
            for item in page:
                try:
                    row = read_row(table, item, partial(_if, wanted, decode))
                except UnreadableRowError as odd:
                    self._found.unreadable.append(odd)
                    continue
                if row is not None:
                    yield row
            seen += len(page)
            self._progress(table, seen)

    def _is_theirs(self, order: OrderRow) -> bool:
        person = self._person
        return person.is_user(order.user_id) or person.has_address(order.customer_email)

    def _asked(self, checkout: CheckoutRow) -> bool:
        person, user = self._person, self._person.user_id
        if checkout.order_id in self._subject.orders or person.is_user(checkout.user_id):
            return True
        if self._subject.is_about(_payload(checkout.command)):
            return True
        # Its copy of the request is gone; whose it is, its digest still says.
        known = identity_of_checkout(checkout)
        return user is not None and known.get("userId") == user_digest(user, checkout.order_id)

    def _is_message(self, row: Item) -> bool:
        if "event" not in row:
            return False  # an address, a cap, or a user's devices
        about = self._subject
        return about.is_about(parsed(text(row, "event")).get("payload")) or about.is_about(
            {name: row.get(name) for name in ("to", "userId")}
        )

    def _failed(self, row: DeadLetterRow) -> bool:
        return self._subject.is_about(parsed(row.original).get("payload"))

    # ------------------------------------------------------------------ what has a key
    def _reservations(self, orders: Iterable[str]) -> list[Reservation]:
        rows = self._source.get([(RESERVATIONS.name, (order,)) for order in sorted(orders)])
        return [read_row(RESERVATIONS.name, row, Reservation.from_item) for row in rows.values()]

    def _lists(self) -> None:
        person, found = self._person, self._found
        keys = [suppression_key(address) for address in sorted(person.addresses)]
        listed = self._source.get([(NOTIFICATIONS.name, (key["id"],)) for key in keys])
        found.suppressions = list(listed.values())
        if person.user_id is not None:
            key = registration_key(person.user_id)["id"]
            found.devices = list(self._source.get([(NOTIFICATIONS.name, (key,))]).values())

    def _records(self, orders: Iterable[str], messages: Iterable[str]) -> list[Item]:
        rows: dict[Name, Item] = {}
        for order in sorted(orders):
            for page in self._source.related(LEDGER.name, order, "trace"):
                rows |= {name_of(LEDGER.name, row): row for row in page}
        topic = Topic.NOTIFICATIONS.value
        rows |= self._source.get([(LEDGER.name, (f"{topic}#{name}",)) for name in sorted(messages)])
        return list(rows.values())

    def _audit(
        self, orders: Iterable[str], payments: Iterable[str], messages: Iterable[str]
    ) -> list[Item]:
        user = self._person.user_id
        entities = [f"{kind}#{order}" for order in orders for kind in OF_ORDERS]
        entities += [f"payment#{payment}" for payment in payments]
        entities += [f"{channel}#{name}" for name in messages for channel in CHANNELS]
        entities += [f"address#{digest_of(address)}" for address in self._person.addresses]
        rows: dict[Name, Item] = {}
        for entity in sorted(entities):
            for page in self._source.related(AUDIT.name, entity):
                rows |= {name_of(AUDIT.name, row): row for row in page}
        if user is not None:
            asked = [(user, "byUser"), *((f"{kind}#{user}", None) for kind in OF_USERS)]
            for value, index in asked:
                for page in self._source.related(AUDIT.name, value, index):
                    mine = (row for row in page if not is_of_operator(row))
                    rows |= {name_of(AUDIT.name, row): row for row in mine}
        return list(rows.values())


def _as_it_is(item: Item) -> Item:
    return item


def _if(wanted: Callable[[T], bool], decode: Callable[[Item], T], item: Item) -> T | None:
    row = decode(item)
    return row if wanted(row) else None


def _payload(command: Item | None) -> Item:
    return inner(parsed(text(command or {}, "body")), "payload")
