"""Every action that the audit trail names, in one place."""

from enum import StrEnum


class AuditAction(StrEnum):
    """What was done, as the ``action`` of an ``analytics.audit`` event.

    The grammar is ``<subject>.<what became of it>``:

    * ``order.<step>`` is named like the event of that step. A step that changed nothing, or only
      the tracking, carries its verdict behind it: ``order.shipped.late``. So a program that counts
      steps counts each step once. ``order.corrected`` tells in the same way of contact data.
    * ``<channel>.<outcome>`` tells of one send, and ``<channel>.resolved`` of what an operator
      decided about a send whose outcome is unknown or failed. These have no member here: a channel
      names them, by :meth:`shared.contracts.channels.Channel.action`.
    * ``stock.low`` and ``stock.rearmed`` tell of the alert of a SKU; any other ``stock.<reason>``
      tells of units that an operator moved, and the reason is that of the stock movement.

    A member is text, and the text is what is sent and stored. It never changes: a new action is a
    new member. On the wire an action stays free text, because other programs send actions of
    their own.
    """

    ORDER_CREATED = "order.created"
    ORDER_CONFIRMED = "order.confirmed"
    ORDER_CONFIRMED_LATE = "order.confirmed.late"
    ORDER_CONFIRMED_REPEATED = "order.confirmed.repeated"
    ORDER_PROCESSING = "order.processing"
    ORDER_PROCESSING_LATE = "order.processing.late"
    ORDER_PROCESSING_REPEATED = "order.processing.repeated"
    ORDER_SHIPPED = "order.shipped"
    ORDER_SHIPPED_CORRECTED = "order.shipped.corrected"
    ORDER_SHIPPED_LATE = "order.shipped.late"
    ORDER_SHIPPED_REPEATED = "order.shipped.repeated"
    ORDER_DELIVERED = "order.delivered"
    ORDER_DELIVERED_LATE = "order.delivered.late"
    ORDER_DELIVERED_REPEATED = "order.delivered.repeated"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_CANCELLED_LATE = "order.cancelled.late"
    ORDER_CANCELLED_REPEATED = "order.cancelled.repeated"
    ORDER_CORRECTED = "order.corrected"
    ORDER_CORRECTED_CAPPED = "order.corrected.capped"
    ORDER_CORRECTED_LATE = "order.corrected.late"
    ORDER_CORRECTED_REPEATED = "order.corrected.repeated"

    CHECKOUT_REJECTED = "checkout.rejected"
    CHECKOUT_STUCK = "checkout.stuck"

    RESERVATION_HELD = "reservation.held"
    RESERVATION_REFUSED = "reservation.refused"
    RESERVATION_RELEASED = "reservation.released"

    REFUND_REQUESTED = "refund.requested"
    REFUND_SETTLED = "refund.settled"

    ADDRESS_SUPPRESSED = "address.suppressed"
    ADDRESS_UNSUPPRESSED = "address.unsuppressed"

    PERSON_ERASED = "person.erased"
    PERSON_EXPORTED = "person.exported"

    STOCK_LOW = "stock.low"
    STOCK_REARMED = "stock.rearmed"
    STOCK_RESTOCK = "stock.restock"
    STOCK_ADJUSTMENT = "stock.adjustment"
    STOCK_RETURN = "stock.return"
    CATALOGUE_CREATED = "catalogue.created"
    CATALOGUE_UPDATED = "catalogue.updated"

    @classmethod
    def of(cls, subject: str, *words: str) -> "AuditAction":
        """The action of a subject, such as a channel, an event type or ``stock``.

        Raises:
            ValueError: there is no such action; a new one needs a member.
        """
        return cls(".".join((subject, *words)))
