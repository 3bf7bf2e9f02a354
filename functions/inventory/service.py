"""Use cases of the inventory topic."""

from functions.inventory.domain import alert_change, is_worth_telling
from functions.inventory.events import alert_mail_of, low_of, raised_of, rearmed_of
from functions.inventory.ports import Stock
from shared.contracts.inventory import StockLow, StockReserved, StockUpdated
from shared.contracts.lines import MAX_RESERVED_SKUS
from shared.kernel.errors import InvalidInputError, PredecessorMissingError
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.writes import Write
from shared.telemetry import metrics


def record_movement(event: StockUpdated, *, stock: Stock) -> Effects:
    """Keep the movement; raise or re-arm the low-stock alert of its SKU.

    Raises:
        PredecessorMissingError: there is no such SKU yet; an import can still bring it.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    row = stock.find(payload.sku)
    if row is None:
        raise PredecessorMissingError(f"payload.productId: waits for {payload.sku} to be imported")
    writes: list[Write] = [stock.movement_write(event)]
    change = alert_change(row)
    if change == "raise":
        writes.append(stock.raise_alert(row))
        return Effects(
            outcome="low",
            writes=writes,
            emits=[Emit(StockLow, low_of(payload, row))],
            measures=(metrics.LOW_STOCK_ALERTS.of(1),),
            facts={"sku": payload.sku},
        )
    if change == "rearm":
        writes.append(stock.rearm_alert(row))
        return Effects(
            outcome="rearmed",
            writes=writes,
            emits=[rearmed_of(payload, row)],
            facts={"sku": payload.sku},
        )
    return Effects(outcome="recorded", writes=writes, facts={"sku": payload.sku})


def record_reservation(event: StockReserved, *, stock: Stock) -> Effects:
    """Keep what was asked for, line by line; check the alert of every SKU it came from.

    A line of a product that does not exist is part of a refusal: it is kept, without an alert.

    Raises:
        InvalidInputError: more lines than a reservation may have.
        DependencyError: the store did not answer.
    """
    lines = {line.sku: line for line in event.payload.items}
    if len(event.payload.items) > MAX_RESERVED_SKUS:
        raise InvalidInputError("payload.items", f"must have at most {MAX_RESERVED_SKUS} lines")
    writes: list[Write] = [*stock.reservation_writes(event)]
    low: list[Emit] = []
    rearmed: list[Emit] = []
    for sku, row in stock.find_all(list(lines)).items():
        change = alert_change(row)
        if change == "raise":
            writes.append(stock.raise_alert(row))
            low.append(Emit(StockLow, low_of(lines[sku], row)))
        elif change == "rearm":
            writes.append(stock.rearm_alert(row))
            rearmed.append(rearmed_of(lines[sku], row))
    return Effects(
        outcome="low" if low else "recorded",
        writes=writes,
        emits=[*low, *rearmed],
        measures=(metrics.LOW_STOCK_ALERTS.of(len(low)),) if low else (),
        facts={"order_id": event.payload.order_id},
    )


def alert_the_shop(event: StockLow, *, stock: Stock, alert_address: str) -> Effects:
    """Tell the shop by mail that a product runs low.

    The event says which one. Whether it does, and what the mail tells of it, is what its row says
    now: any program may publish such an event (S31).

    Raises:
        PredecessorMissingError: there is no such SKU yet; an import can still bring it.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    row = stock.find(payload.sku)
    if row is None:
        raise PredecessorMissingError(f"payload.productId: waits for {payload.sku} to be imported")
    if not is_worth_telling(row):
        # An alert that a decision of ours raised was one, though units came since: the trail tells
        # of it, with the numbers of that decision. The mail would not be true any more.
        caused = event.causation_id is not None
        return Effects(
            outcome="not_low",
            emits=[raised_of(payload)] if caused else [],
            facts={"sku": payload.sku},
        )
    known = low_of(payload, row)
    return Effects(
        outcome="alerted",
        emits=[alert_mail_of(known, alert_address), raised_of(known)],
        facts={"sku": payload.sku},
    )
