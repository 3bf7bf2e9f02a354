"""Carts: lines merged, added up, and recognised again."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from shared.contracts.lines import MAX_QUANTITY, MAX_SKUS, OrderLine
from shared.kernel.errors import InvalidInputError


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
