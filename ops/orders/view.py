"""What the order command prints."""

from ops.core.terminal import harmless
from ops.orders.service import Verdict


def verdict(order_id: str, found: Verdict) -> str:
    """What an event did to its order."""
    return f"{harmless(order_id)}  {harmless(found.verdict)}: the order is {harmless(found.status)}"
