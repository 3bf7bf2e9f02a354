"""What ought to become of orders, holds, shelves, mails and refunds: a model with no code of ours."""

from collections import Counter
from dataclasses import dataclass, field

HOLD_SECONDS = 900
_EDGES = {
    ("PENDING", "confirmed"): "CONFIRMED",
    ("CONFIRMED", "processing"): "PROCESSING",
    ("CONFIRMED", "shipped"): "SHIPPED",
    ("PROCESSING", "shipped"): "SHIPPED",
    ("SHIPPED", "delivered"): "DELIVERED",
    ("PENDING", "cancelled"): "CANCELLED",
    ("CONFIRMED", "cancelled"): "CANCELLED",
    ("PROCESSING", "cancelled"): "CANCELLED",
}
_STEPS = {kind for _, kind in _EDGES}
_EARLY = {
    ("PENDING", "processing"),
    ("PENDING", "shipped"),
    ("PENDING", "delivered"),
    ("CONFIRMED", "delivered"),
    ("PROCESSING", "delivered"),
}
_TOLD_BY_MAIL = {"confirmed", "shipped", "delivered", "cancelled"}
Units = dict[str, int]


@dataclass
class Life:
    """Everything that is known of one payment.

    Args:
        hold: units that are held for it now.
        used: its hold became part of its order.
        status: of its order, None without one.
        timeline: id of each event that spoke of the order, and whether it moved it.
    """

    cart: Units
    hold: Units | None = None
    until: int = 0
    used: bool = False
    rejected: bool = False
    status: str | None = None
    mails: Counter[str] = field(default_factory=Counter)
    refunds: int = 0
    timeline: dict[str, bool] = field(default_factory=dict)

    @property
    def bought(self) -> Units:
        """Units that are the customer's."""
        return self.cart if self.status not in {None, "CANCELLED"} else {}


class Model:
    """The shop as it ought to be. Each event is told once it is delivered."""

    def __init__(self, shelf: Units, carts: dict[str, Units]) -> None:
        self.shelf = dict(shelf)
        self.lives = {payment: Life(cart) for payment, cart in carts.items()}
        self.now = 0
        self._handled: set[str] = set()

    def held(self, sku: str) -> int:
        """Units held for anybody."""
        return sum((life.hold or {}).get(sku, 0) for life in self.lives.values())

    def bought(self, sku: str) -> int:
        """Units in orders that stand."""
        return sum(life.bought.get(sku, 0) for life in self.lives.values())

    def ordered(self) -> list[str]:
        """Payments that became orders."""
        return [payment for payment, life in self.lives.items() if life.status is not None]

    # ------------------------------------------------------------------ events
    def deliver(self, event_id: str, kind: str, payment: str, units: Units) -> int:
        """An event arrives: 200 if it is taken, 489 refused for good, 503 if it must wait."""
        if event_id in self._handled:
            return 200
        life = self.lives[payment]
        match kind:
            case "checkout":
                taken = self._checkout(life)
            case "reserve":
                taken = self._reserve(life, units)
            case "release":
                taken = self._release(life)
            case _:
                taken = self._move(life, kind, event_id)
        if taken:
            self._handled.add(event_id)
            return 200
        early = kind in _STEPS and not life.rejected
        return 503 if early else 489

    def pass_time(self, seconds: int) -> None:
        """Holds whose time is up go back by themselves."""
        self.now += seconds
        for life in self.lives.values():
            if life.hold is not None and life.until <= self.now:
                self._release(life)

    def _checkout(self, life: Life) -> bool:
        if life.status is not None or life.rejected:
            return True
        held = life.hold or {}
        if any(self.shelf[sku] + held.get(sku, 0) < count for sku, count in life.cart.items()):
            life.rejected = True
            life.refunds += 1
            life.mails["order-rejected"] += 1
            return self._release(life)
        if life.hold is not None:
            self._release(life)
            life.used = True
        self._take(life.cart)
        life.status = "PENDING"
        life.mails["order-confirmation"] += 1
        return True

    def _reserve(self, life: Life, units: Units) -> bool:
        if life.used:
            return False
        if life.hold is not None:
            return life.hold == units
        if all(self.shelf[sku] >= count for sku, count in units.items()):
            self._take(units)
            life.hold, life.until = units, self.now + HOLD_SECONDS
        return True

    def _release(self, life: Life) -> bool:
        self._put_back(life.hold or {})
        life.hold = None
        return True

    def _move(self, life: Life, kind: str, event_id: str) -> bool:
        if life.status is None:
            return False
        to = _EDGES.get((life.status, kind))
        if to is None and (life.status, kind) in _EARLY:
            return False
        life.timeline[event_id] = to is not None
        if to is None:
            return True
        life.status = to
        if kind in _TOLD_BY_MAIL:
            life.mails[f"order-{kind}"] += 1
        if kind == "cancelled":
            self._put_back(life.cart)
            life.refunds += 1
        return True

    def _take(self, units: Units) -> None:
        for sku, count in units.items():
            self.shelf[sku] -= count

    def _put_back(self, units: Units) -> None:
        for sku, count in units.items():
            self.shelf[sku] += count
