"""Use cases of the inventory topic."""

from functions.inventory.domain import alert_change
from functions.inventory.events import alert_mail_of, low_of, raised_of, rearmed_of
from functions.inventory.ports import Shelves
from shared.contracts.inventory import StockLow, StockReserved, StockUpdated
from shared.contracts.lines import MAX_HELD_SKUS
from shared.kernel.errors import InvalidInputError, PredecessorMissingError
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.writes import Write
from shared.telemetry import metrics


def record_movement(event: StockUpdated, *, shelves: Shelves) -> Effects:
    """Keep the movement; raise or re-arm the low-stock alert of its shelf.

    Raises:
        PredecessorMissingError: there is no such SKU yet; an import can still bring it.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    shelf = shelves.look(payload.sku)
    if shelf is None:
        raise PredecessorMissingError(f"payload.productId: waits for {payload.sku} to be imported")
    writes: list[Write] = [shelves.moved(event)]
    change = alert_change(shelf)
    if change == "raise":
        writes.append(shelves.raise_alert(payload.sku, shelf.threshold))
        return Effects(
            outcome="low",
            writes=writes,
            emits=[low_of(payload, shelf)],
            measures=(metrics.LOW_STOCK_ALERTS.of(1),),
            facts={"sku": payload.sku},
        )
    if change == "rearm":
        writes.append(shelves.rearm(payload.sku, shelf.threshold))
        return Effects(
            outcome="rearmed",
            writes=writes,
            emits=[rearmed_of(payload, shelf)],
            facts={"sku": payload.sku},
        )
    return Effects(outcome="recorded", writes=writes, facts={"sku": payload.sku})


def record_hold(event: StockReserved, *, shelves: Shelves) -> Effects:
    """Keep what was asked for, line by line; check the alert of every shelf it came from.

    A line of a product that does not exist is part of a refusal: it is kept, there is no shelf.

    Raises:
        InvalidInputError: more lines than a hold may have.
        DependencyError: the store did not answer.
    """
    lines = {line.sku: line for line in event.payload.items}
    if len(event.payload.items) > MAX_HELD_SKUS:
        raise InvalidInputError("payload.items", f"must have at most {MAX_HELD_SKUS} lines")
    writes: list[Write] = [*shelves.asked(event)]
    low: list[Emit] = []
    rearmed: list[Emit] = []
    for sku, shelf in shelves.look_at(list(lines)).items():
        change = alert_change(shelf)
        if change == "raise":
            writes.append(shelves.raise_alert(sku, shelf.threshold))
            low.append(low_of(lines[sku], shelf))
        elif change == "rearm":
            writes.append(shelves.rearm(sku, shelf.threshold))
            rearmed.append(rearmed_of(lines[sku], shelf))
    return Effects(
        outcome="low" if low else "recorded",
        writes=writes,
        emits=[*low, *rearmed],
        measures=(metrics.LOW_STOCK_ALERTS.of(len(low)),) if low else (),
        facts={"order_id": event.payload.order_id},
    )


def alert_the_shop(event: StockLow, *, alert_address: str) -> Effects:
    """Tell the shop by mail that a product runs low."""
    payload = event.payload
    return Effects(
        outcome="alerted",
        emits=[alert_mail_of(payload, alert_address), raised_of(payload)],
        facts={"sku": payload.sku},
    )
