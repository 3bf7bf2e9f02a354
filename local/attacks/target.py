"""The stack that is attacked, and what attackers and their victims do to it."""

import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from local.attacks.attack import needs
from local.attacks.issuer import Issuer
from local.stack import aws, logs
from local.stack.client import Item, StackClient
from local.stack.home import ROOT
from local.stack.polling import wait_for

PRICE = Decimal("10.00")
# What an attack may have left behind, beside the answers that attackers get.
_TABLES = ("orders", "checkouts", "ledger", "notifications", "audit", "dead_letters")
_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """A stack under attack.

    Args:
        issuer: signs the tokens of shoppers who sign in.
        folder: for files that an attack hands to a program.
    """

    client: StackClient
    issuer: Issuer
    folder: Path

    # ---------------------------------------------------------------- names of this run's own
    def new(self, kind: str) -> str:
        """A name that no other attack uses."""
        return f"{kind}-{uuid.uuid4().hex[:12]}"

    def address(self) -> str:
        """A mailbox of its own."""
        return f"{self.new('victim')}@customer.example"

    def product(self, units: int = 50, **changes: Any) -> str:
        """A product of the attack's own, with so many units in stock; its SKU."""
        sku = self.new("target")
        row = {
            "sku": sku,
            "productId": sku,
            "name": f"Product {sku}",
            "price": PRICE,
            "available": units,
            "reserved": 0,
            "threshold": 0,
            "alert": "armed",
            "updatedAt": "2026-01-01T00:00:00.000Z",
        }
        self.client.put("stock", {**row, **changes})
        return sku

    def available(self, sku: str) -> int:
        """Units of it that can be bought now."""
        return int((self.client.item("stock", sku=sku) or {})["available"])

    # ---------------------------------------------------------------- time
    def hour(self) -> int:
        """The hour of the clock in which budgets count now."""
        return int(datetime.now(UTC).timestamp()) // 3600

    # ---------------------------------------------------------------- checkouts
    def cart(self, sku: str, units: int = 1, **changes: Any) -> Item:
        """The body of a checkout, of a shopper and a payment of its own."""
        return {
            "userId": self.new("user"),
            "customerName": "Ada Lovelace",
            "customerEmail": self.address(),
            "customerAddress": "12 St James's Square, London",
            "items": [{"productId": sku, "quantity": units, "price": float(PRICE)}],
            "totalAmount": float(PRICE * units),
            "paymentId": self.new("pay"),
            **changes,
        }

    def pay(self, cart: Mapping[str, Any]) -> httpx.Response:
        """The shop's server checks out for a shopper who paid: it signs."""
        content = json.dumps(cart).encode()
        return self.client.check_out(content, **self.client.signed(content))

    def ordered(self, cart: Mapping[str, Any]) -> Item:
        """The order of a victim who paid; where checkouts are open, of any caller.

        Raises:
            UntriedError: there is none.
        """
        answer = self.pay(cart)
        needs(answer.status_code == 202, f"a genuine checkout is answered {answer.status_code}")
        return self.order(str(answer.json()["data"]["orderId"]))

    def order(self, order_id: str) -> Item:
        """The order, once it is placed."""
        return wait_for(
            lambda: self.client.item("orders", orderId=order_id),
            f"{order_id} is placed",
            limit=_LIMIT,
        )

    # ---------------------------------------------------------------- events
    def event(self, event_type: str, payload: Mapping[str, Any], **changes: Any) -> Item:
        """An event of a program of the shop, or of who holds its QStash token."""
        return {
            "eventId": self.new("evt"),
            "eventType": event_type,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "version": "1.0",
            "source": "attacker",
            "payload": dict(payload),
            **changes,
        }

    def vouched_order(self, **changes: Any) -> Item:
        """The order of a program of the shop, whatever the stage thinks of shoppers' requests."""
        cart = self.cart(self.product(), **changes)
        answer = self.client.deliver("commands", self.event("command.checkout", cart))
        needs(answer.status_code == 200, f"a genuine command is answered {answer.status_code}")
        return self.order(self.client.order_id_for(str(cart["paymentId"])))

    def rest(self) -> None:
        """Wait until nothing is under way or due; what waits for much later may wait."""
        # Between an answer and what it publishes nothing is due either: rest twice.
        for _ in range(2):
            wait_for(self.client.is_resting, "nothing is due", limit=_LIMIT)

    def reconcile(self) -> None:
        """One run of the reconciler now.

        Raises:
            UntriedError: it failed as a whole.
        """
        lambdas = aws.client("lambda", self.client.stack.aws.endpoint_url)
        name = "order-pipeline-local-reconciler:live"
        answer = lambdas.invoke(FunctionName=name, Payload=b"{}")
        lambdas.close()
        needs("FunctionError" not in answer, "the reconciler failed as a whole")

    # ---------------------------------------------------------------- Redis
    def remember(self, key: str, value: str) -> None:
        """Write into Redis what a program that reaches it can write there."""
        with self._redis() as redis:
            redis.set(key, value, px=3_600_000)

    def recall(self, key: str) -> str | None:
        """What Redis has under a key."""
        with self._redis() as redis:
            found = redis.get(key)
        return found.decode() if isinstance(found, bytes) else None

    def _redis(self) -> Redis:
        return Redis.from_url(self.client.stack.redis_url)

    # ---------------------------------------------------------------- what is left
    def stored(self) -> dict[str, int]:
        """How many rows there are, once nothing is due any more."""
        self.rest()
        return {table: len(self.client.items(table)) for table in _TABLES}

    def forget(self, table: str, **key: str) -> None:
        """Remove a row that an attack put there."""
        encoded = {name: {"S": value} for name, value in key.items()}
        self.client.dynamodb.delete_item(TableName=self.client.stack.tables[table], Key=encoded)

    def written(self) -> list[logs.Entry]:
        """Every line that the functions logged."""
        reader = aws.client("logs", self.client.stack.aws.endpoint_url)
        entries = logs.read(reader, 0)
        reader.close()
        return entries

    # ---------------------------------------------------------------- operators
    def operate(self, *arguments: str, stack_file: Path | None = None) -> tuple[int, str]:
        """An operator's command on this stack: exit status, and all that it printed."""
        file = stack_file or self.folder / "stack.json"
        if stack_file is None:
            self.client.stack.save(file)
        command = [sys.executable, "-m", "ops", *arguments, "--stack", str(file)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr
