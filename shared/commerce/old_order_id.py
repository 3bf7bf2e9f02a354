"""Which of its two order ids a payment uses: the one that has rows, for ever."""

from collections.abc import Sequence

from shared.storage.records.reservation import reservation_in_force
from shared.storage.writes import Item


def is_under_other(
    own: Sequence[Item | None],
    other: Sequence[Item | None],
    *,
    reservations: tuple[Item | None, Item | None],
) -> bool:
    """Whether a payment's order is, or will be, under the id that new orders do not get.

    An order and a checkout bind for ever. Without either, units that a program reserved under the
    other id are this order's: it takes that id, for else it would go without them.

    Args:
        own, other: order and checkout as read under the id of new orders, and under the other one.
        reservations: what is reserved under the two.
    """
    if any(row is not None for row in own):
        return False
    if any(row is not None for row in other):
        return True
    mine, theirs = map(reservation_in_force, reservations)
    return mine is None and theirs is not None
