"""Which ``source`` an event names when we publish it: the names that `docs/events.md` lists."""

CHECKOUT_API = "checkout-api"
ORDERS_SERVICE = "orders-service"
API = "api"


def source_of(event_type: str) -> str:
    """The source for a type: the checkout's commands, the audit's ``api``, else the service."""
    segment = event_type.partition(".")[0]
    return {"command": CHECKOUT_API, "analytics": API}.get(segment, ORDERS_SERVICE)
