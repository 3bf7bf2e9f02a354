"""Commands: somebody wants something done. One handler each, and it may refuse."""

from typing import Literal

from shared.contracts.lines import OrderLines, StockLines
from shared.envelope import EmailAddress, Event, Line, LongLine, WireModel
from shared.ids import Id, UserId
from shared.money import Money


class CheckoutPayload(WireModel):
    """A paid cart that should become an order. Amounts are the charged ones."""

    user_id: UserId
    customer_name: Line
    customer_email: EmailAddress
    customer_address: LongLine
    items: OrderLines
    total_amount: Money
    payment_id: Id


class CheckoutCommand(Event):
    """``command.checkout``."""

    event_type: Literal["command.checkout"] = "command.checkout"
    payload: CheckoutPayload


class ReservePayload(WireModel):
    """Units to hold for an order, all lines or none."""

    order_id: Id
    items: StockLines


class ReserveCommand(Event):
    """``command.inventory.reserve``."""

    event_type: Literal["command.inventory.reserve"] = "command.inventory.reserve"
    payload: ReservePayload


class ReleasePayload(WireModel):
    """Units to give back, and why."""

    order_id: Id
    items: StockLines
    reason: Literal["cancelled", "failed", "timeout"]


class ReleaseCommand(Event):
    """``command.inventory.release``."""

    event_type: Literal["command.inventory.release"] = "command.inventory.release"
    payload: ReleasePayload
