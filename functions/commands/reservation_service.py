"""Use cases of the commands topic that hold stock for an order, and give it back."""

from collections.abc import Mapping

from functions.commands.events import audited, back_on_shelf
from functions.commands.ports import Reservations
from functions.commands.reservation_rules import Request, is_news, judge, judge_release, request_of
from shared.contracts.commands import ReleaseCommand, ReleasePayload, ReserveCommand
from shared.contracts.inventory import ReservedLine, StockReserved, StockReservedPayload
from shared.kernel.clock import iso
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.records.reservation import HoldStatus
from shared.telemetry import metrics


def reserve(event: ReserveCommand, *, reservations: Reservations) -> Effects:
    """Hold units for an order until they are bought, given back or forgotten: all lines or none.

    Raises:
        InvalidInputError: too many units or products.
        ReservationConflictError: the order holds other lines, or has used what it held.
        DependencyError: the store did not answer.
    """
    request = request_of(event.payload.order_id, event.payload.items)
    known, available = reservations.look(request)
    before = None if known is None else known.status
    match judge(request, known, available, iso(event.timestamp)):
        case "already_held" | "already_given_back" as settled:
            return Effects(outcome=settled, facts={"order_id": request.order_id})
        case "refused":
            return Effects(
                outcome="refused",
                message="Refused a hold",
                emits=[
                    _verdict(request, available, granted=False),
                    audited(
                        request.order_id,
                        "reservation.refused",
                        request.lines,
                        before=before,
                        after="refused",
                    ),
                ],
                measures=(metrics.HOLDS_REFUSED.of(1),),
                facts={"order_id": request.order_id},
            )
    return Effects(
        outcome="held",
        message="Held stock",
        writes=reservations.place(request, event.event_id),
        emits=[
            _verdict(request, available, granted=True),
            _timeout(request, reservations.hold_seconds),
            audited(
                request.order_id,
                "reservation.held",
                request.lines,
                before=before,
                after=HoldStatus.HELD,
            ),
        ],
        measures=(metrics.HOLDS_PLACED.of(1),),
        facts={"order_id": request.order_id},
    )


def release(event: ReleaseCommand, *, reservations: Reservations) -> Effects:
    """Give back what is stored as held, whatever the event says of it.

    One that overtook its request holds for it all the same: the request then takes nothing (I28).

    Raises:
        DependencyError: the store did not answer.
    """
    order_id, reason = event.payload.order_id, event.payload.reason
    asked_at = iso(event.timestamp)
    held = reservations.find(order_id)
    outcome = judge_release(held, reason, reservations.now())
    if held is None or outcome != "released":
        early = is_news(held, reason, asked_at)
        return Effects(
            outcome=outcome,
            writes=reservations.release(event, held, asked_at) if early else (),
            facts={"order_id": order_id, "reason": reason},
        )
    available = reservations.available(held)
    return Effects(
        outcome="released",
        message="Released held stock",
        writes=reservations.end(held, available, reason),
        emits=[
            *back_on_shelf(order_id, held.lines, available),
            audited(
                order_id,
                "reservation.released",
                held.lines,
                before=held.status,
                after=HoldStatus.RELEASED,
                reason=reason,
            ),
        ],
        measures=(metrics.HOLDS_RELEASED.of(1, reason=reason),),
        facts={"order_id": order_id, "reason": reason},
    )


def _verdict(request: Request, available: Mapping[str, int], *, granted: bool) -> Emit:
    lines = tuple(
        ReservedLine(
            product_id=line.product_id,
            variation_id=line.variation_id,
            quantity=line.quantity,
            reserved=granted,
            available=max(available.get(line.sku, 0), 0),
        )
        for line in request.lines
    )
    return Emit(StockReserved, StockReservedPayload(order_id=request.order_id, items=lines))


def _timeout(request: Request, hold_seconds: int) -> Emit:
    payload = ReleasePayload(order_id=request.order_id, items=request.lines, reason="timeout")
    return Emit(ReleaseCommand, payload, delay=hold_seconds)
