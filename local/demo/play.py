"""What all scenes of the demo share."""

import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from local.demo.narrator import Narrator
from local.demo.shopper import Cart, ordinary_cart
from local.stack.client import Item, StackClient
from local.stack.home import ROOT
from local.stack.polling import NotObservedError

T = TypeVar("T")


@dataclass(slots=True)
class Play:
    """What the scenes share."""

    client: StackClient
    tell: Narrator
    folder: Path
    stack_file: Path
    # Every run has its own payments, so that a second run shows the same.
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    posted_ms: float = 0.0
    # Units available of each SKU in Ada's cart before the demo changed anything.
    before: dict[str, int] = field(default_factory=dict)

    @property
    def cart(self) -> Cart:
        """What Ada buys."""
        return ordinary_cart(f"pay_demo_{self.run}")

    @property
    def order_id(self) -> str:
        """Ada's order: its id follows from her payment's, before there is an order."""
        return self.client.order_id_for(self.cart.payment_id)

    @property
    def graces(self) -> Cart:
        """Grace's cart: she cancels the order later."""
        return replace(ordinary_cart(f"pay_warm_{self.run}"), email="grace@customer.example")

    def stock_row(self, sku: str) -> Item:
        """A stock row as it is now."""
        return self.client.item("stock", sku=sku) or {}

    def stock(self) -> dict[str, int]:
        """Units available of everything in the cart."""
        return {item.sku: int(self.stock_row(item.sku)["available"]) for item, _ in self.cart.lines}

    def mail(self, subject: str) -> Item:
        """The first mail with this subject; empty if there is none."""
        return next((mail for mail in self.client.mails() if mail["Subject"] == subject), {})

    def operate(self, *arguments: str) -> str:
        """Run an operator's command as an operator types it; its last line.

        Raises:
            NotObservedError: it failed; says how.
        """
        self.tell.fact("operator", f"python -m ops {shlex.join(arguments)}")
        command = [sys.executable, "-m", "ops", *arguments, "--stack", str(self.stack_file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        said = (done.stdout.strip() or done.stderr.strip()).splitlines()
        if done.returncode:
            raise NotObservedError(f"python -m ops {arguments[0]} failed: {' '.join(said[-3:])}")
        return said[-1] if said else ""


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and how many milliseconds it took."""
    started = time.perf_counter()
    answer = call()
    return answer, (time.perf_counter() - started) * 1000


Scene = Callable[[Play], None]
