"""What the order command prints."""

from ops.core.terminal import harmless
from ops.orders.service import Correction, Verdict

FIELDS = {"customerName": "name", "customerEmail": "email", "customerAddress": "address"}


def verdict(order_id: str, found: Verdict) -> str:
    """What an event did to its order."""
    return f"{harmless(order_id)}  {harmless(found.verdict)}: the order is {harmless(found.status)}"


def correction(found: Correction) -> str:
    """What a correction changes, one line per field: from -> to."""
    order_id = harmless(found.order_id)
    if not found.after:
        return f"{order_id}  nothing to correct: the order says so already"
    return "\n".join(
        f"{order_id}  {FIELDS[name]}: {harmless(found.before[name])} -> {harmless(value)}"
        for name, value in found.after.items()
    )
