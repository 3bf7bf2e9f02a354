"""Carts: lines merged, added up, and recognised again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from shared.commerce.payment_identity import identity_of
from shared.contracts.commands import CheckoutPayload
from shared.contracts.lines import MAX_QUANTITY, MAX_SKUS, OrderLine
from shared.kernel.errors import InvalidInputError
from shared.kernel.ids import OrderIds


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart with its lines merged, and what recognises its request again.

    Args:
        payload: the request as it came; what it claims is not checked yet.
        order_id: of its order, until a row says that its payment uses the other one.
        other_id: the other id that its payment can have: nothing may ever be stored under both.
        total: what the merged lines cost together, whatever the payload claims.
        digest: recognises the same cart again, by the total that the payload claims.
        identity: digests of the request by field.
    """

    payload: CheckoutPayload
    order_id: str
    other_id: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    digest: str
    identity: Mapping[str, str]

    @classmethod
    def of(cls, payload: CheckoutPayload, ids: OrderIds, *, field: str = "items") -> "Cart":
        """The cart of a request.

        Args:
            ids: the order ids of this stage's payments.
            field: where the lines stand in the request, for the messages of errors.

        Raises:
            InvalidInputError: lines that contradict each other, or too many products.
        """
        lines = merged(payload.items, field=field)
        order_id, other_id = ids.both(payload.payment_id)
        return cls(
            payload=payload,
            order_id=order_id,
            other_id=other_id,
            lines=lines,
            total=total_of(lines),
            digest=digest_of(payload.user_id, lines, payload.total_amount),
            identity=identity_of(payload, lines, order_id),
        )

    def under(self, order_id: str) -> "Cart":
        """The same cart under that of the payment's two ids which its rows have."""
        if order_id == self.order_id:
            return self
        return replace(
            self,
            order_id=order_id,
            other_id=self.order_id,
            # Its digests are salted with the id.
            identity=identity_of(self.payload, self.lines, order_id),
        )

    @property
    def skus(self) -> tuple[str, ...]:
        """The stock rows it needs."""
        return tuple(line.sku for line in self.lines)


def merged(lines: Sequence[OrderLine], *, field: str = "items") -> tuple[OrderLine, ...]:
    """The lines with duplicates of a SKU added together, in order of first appearance.

    Raises:
        InvalidInputError: two prices for one SKU, more than the most units, or too many SKUs.
    """
    by_sku: dict[str, OrderLine] = {}
    for index, line in enumerate(lines):
        known = by_sku.get(line.sku)
        if known is None:
            by_sku[line.sku] = line
            continue
        if known.price != line.price:
            raise InvalidInputError(
                f"{field}[{index}].price", "must be the same in every line of one product"
            )
        quantity = known.quantity + line.quantity
        if quantity > MAX_QUANTITY:
            raise InvalidInputError(
                f"{field}[{index}].quantity", f"must add up to at most {MAX_QUANTITY}"
            )
        by_sku[line.sku] = known.model_copy(update={"quantity": quantity})
    if len(by_sku) > MAX_SKUS:
        raise InvalidInputError(field, f"must name at most {MAX_SKUS} different products")
    return tuple(by_sku.values())


def total_of(lines: Sequence[OrderLine]) -> Decimal:
    """What the lines cost together."""
    return sum((line.price * line.quantity for line in lines), Decimal("0.00"))


def digest_of(user_id: str, lines: Sequence[OrderLine], total: Decimal) -> str:
    """Recognises the same cart again: who, what, how many, at which price (I4)."""
    parts = [user_id, str(total.normalize())]
    parts += sorted(f"{line.sku}|{line.quantity}|{line.price.normalize()}" for line in lines)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
