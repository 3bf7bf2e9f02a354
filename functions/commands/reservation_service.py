"""Use cases of the commands topic that reserve stock for an order, and release it."""

from collections.abc import Mapping

from functions.commands.events import audited, available_again
from functions.commands.ports import Reservations
from functions.commands.reservation_rules import Request, is_news, judge, judge_release, request_of
from shared.contracts.audit_actions import AuditAction
from shared.contracts.commands import ReleaseCommand, ReleasePayload, ReserveCommand
from shared.contracts.inventory import ReservedLine, StockReserved, StockReservedPayload
from shared.kernel.clock import iso
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.records.reservation import ReservationStatus
from shared.storage.records.stock import StockRow
from shared.telemetry import metrics


def reserve(event: ReserveCommand, *, reservations: Reservations) -> Effects:
    """Reserve units for an order until they are bought, released or forgotten: all lines or none.

    Raises:
        InvalidInputError: too many units or products.
        ReservationConflictError: the order has other lines reserved, or bought what it had reserved.
        DependencyError: the store did not answer.
    """
    request = request_of(event.payload.order_id, event.payload.items)
    known, stock = reservations.look(request)
    before = None if known is None else known.status
    match judge(request, known, stock, iso(event.timestamp)):
        case "already_held" | "already_given_back" as settled:
            return Effects(outcome=settled, facts={"order_id": request.order_id})
        case "refused":
            return Effects(
                outcome="refused",
                message="Refused a reservation",
                emits=[
                    _verdict(request, stock, granted=False),
                    audited(
                        request.order_id,
                        AuditAction.RESERVATION_REFUSED,
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
        message="Reserved stock",
        writes=reservations.reserve_writes(request, event.event_id),
        emits=[
            _verdict(request, stock, granted=True),
            _timeout(request, reservations.reservation_seconds),
            audited(
                request.order_id,
                AuditAction.RESERVATION_HELD,
                request.lines,
                before=before,
                after=ReservationStatus.HELD,
            ),
        ],
        measures=(metrics.HOLDS_PLACED.of(1),),
        facts={"order_id": request.order_id},
    )


def release(event: ReleaseCommand, *, reservations: Reservations) -> Effects:
    """Release what is stored as reserved, whatever the event says of it.

    One that overtook its request counts for it all the same: the request then takes nothing (I28).

    Raises:
        DependencyError: the store did not answer.
    """
    order_id, reason = event.payload.order_id, event.payload.reason
    asked_at = iso(event.timestamp)
    known = reservations.find(order_id)
    outcome = judge_release(known, reason, reservations.now())
    if known is None or outcome != "released":
        early = is_news(known, reason, asked_at)
        return Effects(
            outcome=outcome,
            writes=reservations.early_release_writes(event, known, asked_at) if early else (),
            facts={"order_id": order_id, "reason": reason},
        )
    stock = reservations.stock_of(known)
    return Effects(
        outcome="released",
        message="Released reserved stock",
        writes=reservations.release_writes(known, stock, reason),
        emits=[
            *available_again(order_id, known.lines, stock),
            audited(
                order_id,
                AuditAction.RESERVATION_RELEASED,
                known.lines,
                before=known.status,
                after=ReservationStatus.RELEASED,
                reason=reason,
            ),
        ],
        measures=(metrics.HOLDS_RELEASED.of(1, reason=reason),),
        facts={"order_id": order_id, "reason": reason},
    )


def _verdict(request: Request, stock: Mapping[str, StockRow], *, granted: bool) -> Emit:
    lines = tuple(
        ReservedLine(
            product_id=line.product_id,
            variation_id=line.variation_id,
            quantity=line.quantity,
            reserved=granted,
            available=max(stock[line.sku].available, 0) if line.sku in stock else 0,
        )
        for line in request.lines
    )
    return Emit(StockReserved, StockReservedPayload(order_id=request.order_id, items=lines))


def _timeout(request: Request, seconds: int) -> Emit:
    payload = ReleasePayload(order_id=request.order_id, items=request.lines, reason="timeout")
    return Emit(ReleaseCommand, payload, delay=seconds)
