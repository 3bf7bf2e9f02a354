"""Commands: a request to do something. Each has one handler, and the handler may refuse."""

from typing import Literal

from pydantic import Field

from shared.contracts.envelope import EmailAddress, Event, FoldedLines, TypedLine, WireModel
from shared.contracts.lines import OrderLines, StockLines
from shared.kernel.ids import Id, UserId
from shared.kernel.money import SPELLING, Money


class CheckoutPayload(WireModel):
    """A paid cart that should become an order. Amounts are the charged ones."""

    user_id: UserId = Field(description="Whose cart it is; where users sign in, the token's `sub`.")
    customer_name: TypedLine
    customer_email: EmailAddress = Field(description="One plain address; the mails go there.")
    customer_address: FoldedLines = Field(
        description="One line, or several: line breaks become commas."
    )
    items: OrderLines = Field(description="At most 50 different products.")
    total_amount: Money = Field(
        description=f"What was charged: price times quantity of all items, {SPELLING}."
    )
    payment_id: Id = Field(description="The payment that paid this cart, and no other cart.")


class CheckoutCommand(Event):
    """``command.checkout``."""

    event_type: Literal["command.checkout"] = "command.checkout"
    payload: CheckoutPayload


class ReservePayload(WireModel):
    """Units to reserve for an order, all lines or none."""

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


CommandEvent = CheckoutCommand | ReserveCommand | ReleaseCommand
