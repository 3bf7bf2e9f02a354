"""What end-to-end tests do to a stack, over what everybody can do to it (`local.stack.client`)."""

import uuid
from decimal import Decimal
from typing import Any

from qstash import QStash

from local.stack import aws
from local.stack.client import Item, StackClient
from local.stack.polling import NotObservedError, wait_for

__all__ = ["Client", "NotObservedError", "cart", "line", "wait_for"]

# Functions start cold, on few cores, perhaps beside another stack.
LIMIT_SECONDS = 60.0


class Client(StackClient):
    """A stack client that waits."""

    def qstash(self) -> QStash:
        """The vendor's own client, on the stack's dev server."""
        return QStash(self.stack.qstash["token"], base_url=self.stack.qstash["url"])

    def settled(self, order_id: str, limit: float = LIMIT_SECONDS) -> Item:
        """The answer of GET /api/checkout/{orderId} once it is decided."""

        def decided() -> Item | None:
            data: Item = self.checkout_status(order_id).json()["data"]
            return data if data["status"] != "accepted" else None

        return wait_for(decided, f"{order_id} is decided", limit=limit)

    def quiet(self, limit: float = LIMIT_SECONDS) -> None:
        """Wait until the dev server has nothing left to deliver."""
        wait_for(self.is_idle, "nothing is left to deliver", limit=limit)

    def at_rest(self, limit: float = LIMIT_SECONDS) -> None:
        """Wait until nothing is under way or due: only what is meant for much later is left."""

        # Between an answer and what it publishes nothing is due either: rest twice.
        for _ in range(2):
            wait_for(self.is_resting, "nothing is due", limit=limit)

    def reconcile(self) -> None:
        """One run of the reconciler now, beside those of every minute."""
        functions = aws.client("lambda", self.stack.aws.endpoint_url)
        run = functions.invoke(FunctionName="order-pipeline-local-reconciler:live", Payload=b"{}")
        assert "FunctionError" not in run

    def mail(self, to: str, subject: str = "", limit: float = LIMIT_SECONDS) -> Item:
        """The first mail to this address whose subject begins so."""

        def arrived() -> Item | None:
            return next((m for m in self.mails(to) if m["Subject"].startswith(subject)), None)

        return wait_for(arrived, f"a mail to {to}", limit=limit)

    def shelf(self, sku: str, available: int, *, price: str = "10.00", threshold: int = 0) -> str:
        """Put a product of the test's own on the shelf; its SKU."""
        product, _, variation = sku.partition("#")
        self.put(
            "stock",
            {
                "sku": sku,
                "productId": product,
                "variationId": variation or None,
                "name": f"Product {product}",
                "price": Decimal(price),
                "available": available,
                "reserved": 0,
                "threshold": threshold,
                "alert": "raised" if available <= threshold else "armed",
                "updatedAt": "2026-01-01T00:00:00.000Z",
            },
        )
        return sku


def line(sku: str, quantity: int = 1, price: str = "10.00") -> dict[str, Any]:
    """A line of a cart."""
    product, _, variation = sku.partition("#")
    values = {"productId": product, "quantity": quantity, "price": float(price)}
    return values | ({"variationId": variation} if variation else {})


def cart(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body of a checkout, with a payment and a shopper of its own and the right total."""
    unique = uuid.uuid4().hex[:12]
    total = sum(Decimal(str(entry["price"])) * entry["quantity"] for entry in lines)
    return {
        "userId": f"user-{unique}",
        "customerName": "Ada Lovelace",
        "customerEmail": f"ada-{unique}@customer.example",
        "customerAddress": "12 St James's Square, London",
        "items": list(lines),
        "totalAmount": float(total),
        "paymentId": f"pay_{unique}",
    } | changes
