"""Identifiers: their grammar, and those that are a function of something else.

A derived id is what makes a repetition recognisable: the same cause always names the same thing.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeGuard

from pydantic import AfterValidator, WithJsonSchema

ID_RULE = "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"
_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_ORDER_ID = re.compile(r"ord_[0-9a-f]{32}")
USER_ID_RULE = f"{ID_RULE} |"
# Issuers of tokens put a bar between the way a user signed in and who the user is there. A user's id
# never travels in a header.
_USER_ID = re.compile(r"[A-Za-z0-9._:|\-]{1,128}")


def valid_id(value: str) -> str:
    """The value itself if it is an identifier, so that it may travel in a header (S12).

    Raises:
        ValueError: with the rule, for pydantic to attach the field.
    """
    if _ID.fullmatch(value) is None:
        raise ValueError(ID_RULE)
    return value


def is_id(value: object) -> TypeGuard[str]:
    """Whether a value is an identifier."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _valid_user_id(value: str) -> str:
    if not is_user_id(value):
        raise ValueError(USER_ID_RULE)
    return value


def is_user_id(value: object) -> TypeGuard[str]:
    """Whether a value may name a user."""
    return isinstance(value, str) and _USER_ID.fullmatch(value) is not None


Id = Annotated[
    str,
    AfterValidator(valid_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"}),
]


UserId = Annotated[
    str,
    AfterValidator(_valid_user_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_USER_ID.pattern}$"}),
]


def _joined(*parts: str) -> bytes:
    # Length-prefixed, so that no two different lists of parts can spell the same bytes.
    return "".join(f"{len(part)}:{part}" for part in parts).encode()


def _digest(*parts: str) -> str:
    return hashlib.sha256(_joined(*parts)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class OrderIds:
    """The two order ids that a payment can have, of which it ever uses one (I3, S38).

    The keyed id says nothing about the payment to a caller without the key. The plain id is what
    all orders had before there was a key: an old order keeps it.

    Args:
        key: secret, and never changed: under another key every payment would get another id.
        new: which of the two a payment gets that has no order yet.
    """

    key: bytes = field(repr=False)
    new: Literal["keyed", "plain"] = "keyed"

    def of(self, payment_id: str) -> str:
        """The keyed id: 128 bits, no personal data."""
        mac = hmac.new(self.key, _joined("order", payment_id), hashlib.sha256)
        return f"ord_{mac.hexdigest()[:32]}"

    @staticmethod
    def plain(payment_id: str) -> str:
        """The id without a key: a caller who knows the payment id can compute it."""
        return f"ord_{_digest('order', payment_id)}"

    def both(self, payment_id: str) -> tuple[str, str]:
        """The id of a payment's new order, and the other one that its order may have already."""
        keyed, plain = self.of(payment_id), self.plain(payment_id)
        return (keyed, plain) if self.new == "keyed" else (plain, keyed)

    def correction_event_id(self, order_id: str, corrections: int, *said: str) -> str:
        """Event id of a customer's ``order.corrected``: another click on the same is the same event.

        Keyed, because ids stand in logs, and contact data can be guessed (S18).

        Args:
            corrections: how many the customer made before: the same words later are another event.
            said: what the correction says.
        """
        parts = _joined("order.corrected", "user", order_id, str(corrections), *said)
        return f"evt_{hmac.new(self.key, parts, hashlib.sha256).hexdigest()[:32]}"

    def pseudonym_of(self, *person: str) -> str:
        """What stands in the place of a person who was erased: the same in every run, and nothing that
        a guess of the person can be tried on without the key (S46)."""
        return f"erased_{hmac.digest(self.key, _joined('person', *person), 'sha256').hex()[:32]}"


def may_be_order_id(order_id: str) -> bool:
    """Whether some payment can have this order id: other orders are not ours."""
    return _ORDER_ID.fullmatch(order_id) is not None


def checkout_event_id_for(payment_id: str) -> str:
    """Event id of the ``command.checkout`` of a payment: a repeated POST publishes the same id."""
    return f"evt_{_digest('command.checkout', payment_id)}"


def cancellation_event_id_for(order_id: str) -> str:
    """Event id of a customer's ``order.cancelled``: every further click is the same event."""
    return f"evt_{_digest('order.cancelled', 'user', order_id)}"


def lapse_event_id_for(order_id: str) -> str:
    """Event id of the ``order.cancelled`` of an order that nothing confirmed: the same in every run."""
    return f"evt_{_digest('order.cancelled', 'unconfirmed', order_id)}"


def caused_event_id(cause_id: str, event_type: str, index: int) -> str:
    """Id of the ``index``-th event that handling ``cause_id`` emits: same cause, same ids (I7)."""
    return f"evt_{_digest('caused', cause_id, event_type, str(index))}"


def expiry_event_id_for(order_id: str, expires_at: str) -> str:
    """Event id of the ``command.inventory.release`` that ends an expired reservation; the same for each sender."""
    return f"evt_{_digest('command.inventory.release', order_id, expires_at)}"


def sku_of(product_id: str, variation_id: str | None) -> str:
    """Key of a stock row. ``#`` is no identifier character, so the two parts cannot run together."""
    return product_id if variation_id is None else f"{product_id}#{variation_id}"
