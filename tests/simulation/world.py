"""One simulated shop: every function, every service it leans on, and the people around it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.adapters.qstash_publisher import PublisherOptions, headers_of
from shared.contracts.topics import Topic, topic_of
from shared.messaging.outbox import Outbound
from shared.messaging.signature import SigningKeys
from tests.builders import body_of, envelope, request, stock, vouched
from tests.pipeline import URLS
from tests.simulation.dice import Dice
from tests.simulation.fleet import Fleet
from tests.simulation.invocation import Response
from tests.simulation.journal import Journal
from tests.simulation.outside import START
from tests.simulation.qstash import SimulatedQStash
from tests.simulation.records import Cart, Records, Request
from tests.simulation.redis import SimulatedRedis
from tests.simulation.scenario import USUAL, Stage
from tests.simulation.scheduler import Scheduler
from tests.simulation.storage import WatchedTables
from tests.simulation.strangers import Recorded, signed
from tests.simulation.tally import Tally

MINUTE = 60.0
# Seconds after which a rotated key is in the parameter store.
ROTATION_LAG = 15.0


class World:
    """Everything that exists.

    Args:
        seed: names the world; machines draw their peculiarities from it.
        catalogue: SKU to units on the shelf.
        skewed: whether clocks of machines differ.
        mixed_versions: whether some instances run the next version.
        stage: what the deployment was told.
    """

    def __init__(
        self,
        seed: int,
        dice: Dice,
        *,
        catalogue: Mapping[str, int],
        skewed: bool = True,
        mixed_versions: bool = True,
        stage: Stage = USUAL,
    ) -> None:
        self.stage, self.recorded = stage, Recorded()
        self.seed, self.dice = seed, dice
        self.skewed, self.mixed_versions = skewed, mixed_versions
        self.scheduler, self.journal, self.tally = Scheduler(), Journal(), Tally()
        self.no_writes_until = 0.0
        self.records = Records(self)
        self.tables = WatchedTables(lambda: self.now, self.records.committed)
        self.redis = SimulatedRedis(lambda: self.now)
        self.qstash = SimulatedQStash(self)
        self._keys = list(self.qstash.keys)
        self.fleet = Fleet(self)
        self._events = 0
        for index, (sku, units) in enumerate(catalogue.items()):
            self._stock(sku, units, Decimal(100 + 17 * index) / 4)

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self.scheduler.now

    def close(self) -> None:
        """End what still runs."""
        self.scheduler.close()

    def note(self, who: str, what: str, *subjects: str | None) -> None:
        """A line of the story."""
        self.journal.note(self.now, who, what, *subjects)

    def _stock(self, sku: str, units: int, price: Decimal) -> None:
        product, _, variation = sku.partition("#")
        changes = {"variationId": variation} if variation else {}
        row = stock(product, sku=sku, available=units, price=price, threshold=3, **changes)
        self.tables.seed("stock", row)
        self.records.initial[sku] = self.records.stocked[sku] = units
        self.records.prices[sku] = {price}

    def price_of(self, sku: str) -> Decimal:
        """What the catalogue says now."""
        return Decimal(str((self.tables.row("stock", sku) or {})["price"]))

    # ------------------------------------------------------------------ the API
    def post(self, made: Request, *, patience: int = 8) -> None:
        """A shopper posts a checkout, and repeats it for as long as the shop does not answer."""
        order_id = made.cart.order_id
        self.note("shopper", f"posts {_cart(made.cart)}", order_id)

        def hear(answer: Response | None) -> None:
            status = 0 if answer is None else int(answer["statusCode"])
            made.answers.append(status)
            self.note("shopper", f"hears {status or 'nothing'}", order_id)
            if status in {0, 500, 503} and len(made.answers) < patience:
                self.scheduler.after(2.0 * len(made.answers), again)

        def again() -> None:
            headers = {"x-correlation-id": made.correlation} if made.correlation else {}
            body = body_of(made.cart.body)
            if self.stage.signed:
                headers |= signed(self, body)
                self.recorded.requests.append((body, headers))
            call = request(body, headers=headers, path="/api/checkout")
            vouched(call, made.cart.user_id)
            self.fleet.invoke("checkout", call, on_answer=hear, subject=order_id)

        again()

    def ask(self, made: Request) -> None:
        """A shopper looks at the status page."""
        call = request(b"", path=f"/api/checkout/{made.cart.order_id}", method="GET")
        call["pathParameters"] = {"orderId": made.cart.order_id}
        vouched(call, made.cart.user_id)

        def hear(answer: Response | None) -> None:
            if answer is not None and answer["statusCode"] == 200:
                made.statuses.append(str(json.loads(answer["body"])["data"]["status"]))

        self.fleet.invoke("checkout", call, on_answer=hear, subject=made.cart.order_id)

    def call_off(self, made: Request) -> None:
        """A shopper cancels, once; whoever hears nothing may click again."""
        order_id = made.cart.order_id
        call = request(b"{}", path=f"/api/checkout/{order_id}/cancel")
        call["pathParameters"] = {"orderId": order_id}
        vouched(call, made.cart.user_id)
        self.note("shopper", "calls the order off", order_id)

        def hear(answer: Response | None) -> None:
            status = 0 if answer is None else int(answer["statusCode"])
            self.note("shopper", f"hears {status or 'nothing'} about the cancellation", order_id)
            if status == 202:
                self.records.called_off.add(order_id)

        self.fleet.invoke("checkout", call, on_answer=hear, subject=order_id)

    # ------------------------------------------------------------------ producers beside the API
    def new_event_id(self, kind: str) -> str:
        """An id of an event that comes from outside."""
        self._events += 1
        return f"{kind}-{self._events}"

    def publish(self, event: Mapping[str, Any], *, who: str, dedup: str | None = None) -> None:
        """Somebody outside publishes an event, the way our publisher does."""
        body = json.dumps(event, default=float)
        self.publish_text(
            str(event["eventId"]), str(event["eventType"]), body, who=who, dedup=dedup
        )

    def publish_text(
        self, event_id: str, kind: str, body: str, *, who: str, dedup: str | None = None
    ) -> None:
        """The same for any body; ``dedup`` replaces the event id as deduplication id."""
        topic = topic_of(kind)
        message = Outbound(topic, event_id, kind, "1.0", who, None, body, deduplication_id=dedup)
        options = PublisherOptions(
            "https://qstash", "t", URLS, f"{URLS[Topic.ANALYTICS.value]}failures", "outside"
        )
        headers = headers_of(message, options)
        item = {"destination": URLS[topic.value], "headers": headers, "body": body}
        self.qstash.batch([item], who=who)

    def command(self, cart: Cart, event_id: str, **beside: str) -> None:
        """A command published past the API, with whatever its envelope says beside."""
        known = {"eventId": event_id, "correlationId": cart.order_id, **beside}
        event = envelope("command.checkout", cart.body, **known)
        self.journal.belongs(event_id, cart.order_id)
        self.note("another system", f"commands {_cart(cart)} as {event_id}", cart.order_id)
        self.publish(event, who="another system")

    def signing_keys(self) -> SigningKeys:
        """What the parameter store has."""
        return SigningKeys(*(key.encode() for key in self._keys))

    def rotate_keys(self) -> None:
        """QStash signs with the next key at once; the parameter store hears of it a moment later."""
        self.qstash.rotate_keys()
        self.note("operator", "rotates the signing keys")
        self.scheduler.after(ROTATION_LAG, self._store_keys)

    def _store_keys(self) -> None:
        self._keys = list(self.qstash.keys)

    # ------------------------------------------------------------------ the scheduler's function
    def reconcile(self) -> None:
        """One run of the reconciler, as the schedule starts it every minute."""
        self.tally.add("reconciler runs")
        self.fleet.invoke("reconciler", {})

    def wall_clock(self) -> float:
        """Now, in seconds since 1970."""
        return START.timestamp() + self.now

    def moment(self) -> str:
        """Now, as an event writes it."""
        return START.fromtimestamp(self.wall_clock(), START.tzinfo).isoformat(
            timespec="milliseconds"
        )


def _cart(cart: Cart) -> str:
    lines = ", ".join(f"{quantity} {sku}" for sku, (quantity, _) in cart.lines.items())
    return f"{lines} for {cart.payment_id}" + (" at a price of their own" if cart.tampered else "")
