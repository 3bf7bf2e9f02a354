"""Who is meant: a user, mail addresses, phone numbers; and which values speak of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ops.core.errors import OperatorError
from shared.contracts.actor import Actor, ActorKind
from shared.contracts.channels import CAPS
from shared.kernel.ids import USER_ID_RULE, OrderIds, is_user_id
from shared.kernel.mail_address import PLAIN_RULE, address
from shared.storage.writes import Item

# Whoever stands there runs the shop.
_OTHERS = frozenset({"operator", "by"})
# The entities of the audit trail that an order has, those that a person is, and those of messages.
OF_ORDERS = ("order", "checkout", "reservation")
OF_USERS = ("user", "customer")
CHANNELS = tuple(channel.name for channel in CAPS)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Person:
    """The person whom an operator named.

    Args:
        user_id: as the shop calls the user, None if only addresses were named.
        addresses: mail addresses in lower case (mail hosts ignore case, and so do we), and phone
            numbers.
    """

    user_id: str | None
    addresses: frozenset[str]

    @classmethod
    def named(
        cls, user_id: str | None, addresses: Sequence[str], phones: Sequence[str] = ()
    ) -> "Person":
        """The person of a command line.

        Raises:
            OperatorError: none is named, or a name breaks a rule; names the option.
        """
        if user_id is None and not addresses and not phones:
            raise OperatorError("--user, --email, --phone: say who is meant")
        if user_id is not None and not is_user_id(user_id):
            raise OperatorError(f"--user: {USER_ID_RULE}")
        for phone in phones:
            if _PHONE.fullmatch(phone) is None:
                raise OperatorError("--phone: must be + and 7 to 15 digits, such as +4915112345678")
        return cls(user_id, frozenset([*map(_checked, addresses), *phones]))

    def pseudonym(self, order_ids: OrderIds) -> str:
        """What stands in the person's place afterwards: the same in every run that names the user, or,
        without one, the same addresses."""
        names = sorted(self.addresses) if self.user_id is None else [self.user_id]
        return order_ids.pseudonym_of("address" if self.user_id is None else "user", *names)

    def is_user(self, value: object) -> bool:
        """Whether a value is the user's id."""
        return self.user_id is not None and value == self.user_id

    def has_address(self, value: object) -> bool:
        """Whether a value is one of the addresses or numbers."""
        return isinstance(value, str) and value.strip().lower() in self.addresses

    def is_in(self, text: str) -> bool:
        """Whether a text repeats a name of the person."""
        said = text.lower()
        names = {*self.addresses, *([self.user_id.lower()] if self.user_id else [])}
        return any(name in said for name in names)


@dataclass(slots=True)
class Subject:
    """The person, and the ids of what is theirs, as far as it was found.

    A user's id and a payment's may be any word, such as ``high``: each counts only in a field that
    names one. A mail address or a phone number is nothing else, and counts wherever it stands.
    """

    person: Person
    orders: set[str] = field(default_factory=set)
    payments: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def is_about(self, values: object) -> bool:
        """Whether JSON values name the person, or one of their orders, payments or messages."""
        if isinstance(values, Mapping):
            if self._names(values):
                return True
            return any(self.is_about(v) for name, v in values.items() if name not in _OTHERS)
        if isinstance(values, str):
            return self.person.has_address(values)
        return isinstance(values, Iterable) and any(map(self.is_about, values))

    def is_entity(self, kind: object, name: object) -> bool:
        """Whether an entity of the audit trail is the person, or one of theirs."""
        if kind in OF_USERS:
            return self.person.is_user(name)
        theirs = {**dict.fromkeys(OF_ORDERS, self.orders), "payment": self.payments}
        return name in theirs.get(str(kind), self.messages if kind in CHANNELS else ())

    def _names(self, values: Mapping[str, object]) -> bool:
        is_customer = values.get("kind") == ActorKind.CUSTOMER.value
        return (
            self.person.is_user(values.get("userId"))
            or (is_customer and self.person.is_user(values.get("id")))
            or values.get("orderId") in self.orders
            or values.get("paymentId") in self.payments
            or self.is_entity(values.get("entityType"), values.get("entityId"))
        )


def is_operator(values: Mapping[str, object]) -> bool:
    """Whether values are how an audit entry names an operator, who may be called like a user."""
    return values.get("kind") == ActorKind.OPERATOR.value and "id" in values


def is_of_operator(entry: Item) -> bool:
    """Whether an audit entry carries as its user the operator who did it, as entries about stock do."""
    metadata, user = entry.get("metadata"), str(entry.get("userId"))
    known = metadata if isinstance(metadata, Mapping) else {}
    return Actor.of_entry(known, user_id=user, source="") == Actor.operator(user)


def _checked(text: str) -> str:
    try:
        found = address(text)
    except ValueError as error:
        raise OperatorError(f"--email: {error}") from None
    if "@" not in found:
        raise OperatorError(f"--email: {PLAIN_RULE}")
    return found.lower()
