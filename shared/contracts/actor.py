"""Who did something, as the audit trail names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from shared.contracts.envelope import JsonObject

T = TypeVar("T")
_FIELD = "actor"
# How entries named an operator before they had an actor. Entries that had one of these fields keep
# it, for the programs that read it.
_OPERATORS = ("operator", "by")
_CANCELLED_BY = "cancelledBy"
_BEFORE = frozenset({*_OPERATORS, _CANCELLED_BY})


class ActorKind(StrEnum):
    """What kind of actor: a person who runs the shop, a person who buys in it, or a program."""

    OPERATOR = "operator"
    CUSTOMER = "customer"
    SYSTEM = "system"


_KINDS = frozenset(kind.value for kind in ActorKind)


@dataclass(frozen=True, slots=True)
class Actor:
    """One operator, one customer or one program.

    Args:
        id: an operator's name, a customer's user id, or a program's name.
    """

    kind: ActorKind
    id: str

    @classmethod
    def operator(cls, name: str) -> "Actor":
        """A person who runs the shop."""
        return cls(ActorKind.OPERATOR, name)

    @classmethod
    def customer(cls, user_id: str) -> "Actor":
        """A person who buys."""
        return cls(ActorKind.CUSTOMER, user_id)

    @classmethod
    def system(cls, program: str) -> "Actor":
        """A program: a function by its topic, any other by the ``source`` of its events."""
        return cls(ActorKind.SYSTEM, str(program))

    @classmethod
    def who_cancelled(cls, cancelled_by: str, *, user_id: str, source: str) -> "Actor":
        """Who cancelled an order.

        Args:
            cancelled_by: ``user``, ``admin`` or ``system``, as the event says.
            user_id: the customer of the order.
            source: the program that published the event.
        """
        if cancelled_by == "user":
            return cls.customer(user_id)
        return cls.system(source) if cancelled_by == "system" else cls.operator(cancelled_by)

    @classmethod
    def of_entry(cls, metadata: Mapping[str, object], *, user_id: str, source: str) -> "Actor":
        """Who did what an audit entry tells of, however the entry spells it.

        Args:
            metadata: of the entry.
            user_id: the customer of the entry, empty where it names none.
            source: the program that published the entry. It is the actor of an entry that names
                no other.
        """
        if (found := _parsed(metadata.get(_FIELD))) is not None:
            return found
        for name in _OPERATORS:
            if isinstance(value := metadata.get(name), str) and value:
                return cls.operator(value)
        if isinstance(value := metadata.get(_CANCELLED_BY), str) and value:
            return cls.who_cancelled(value, user_id=user_id, source=source)
        return cls.system(source)

    def as_metadata(self) -> JsonObject:
        """What an audit entry says of its actor: one field for its metadata."""
        return {_FIELD: {"kind": self.kind.value, "id": self.id}}

    def __str__(self) -> str:
        """Kind and name, such as ``operator ada``."""
        return f"{self.kind} {self.id}" if self.id else self.kind.value


def facts_beside(metadata: Mapping[str, T]) -> dict[str, T]:
    """What an entry's metadata says beside who did it, in whatever spelling it says that."""
    return {name: value for name, value in metadata.items() if not _names_actor(name, value)}


def _names_actor(name: str, value: object) -> bool:
    if name == _FIELD:
        return _parsed(value) is not None
    return name in _BEFORE and isinstance(value, str) and value != ""


def _parsed(value: object) -> Actor | None:
    """An actor as entries spell it today; None for anything else that another program wrote."""
    if not isinstance(value, Mapping):
        return None
    kind, name = value.get("kind"), value.get("id")
    if not isinstance(kind, str) or kind not in _KINDS or not isinstance(name, str):
        return None
    return Actor(ActorKind(kind), name)
