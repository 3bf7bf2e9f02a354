"""What follows from who answers for a payment: the shop, by its signature, or nothing but the
request."""

from typing import Literal

from shared.contracts.statuses import Trust


def is_vouched(trust: Trust | None) -> bool:
    """Whether the shop vouched for the payment. Of an open checkout a stranger may have named it.

    Of rows from before trust was kept it is not known, and what is not known is no voucher.
    """
    return trust == "signed"


def payment_vouched(trust: Trust | None) -> Literal[False] | None:
    """What a refund request says of it: False where no one vouched, else nothing."""
    return False if trust == "open" else None
