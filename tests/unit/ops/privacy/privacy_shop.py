"""A shop with two customers, and an operator who looks after what is kept of them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from functions.notifications.channels.push.devices import DeviceTables
from functions.notifications.send_ledger import suppression_key
from ops.dead_letters.store import DeadLetterStore
from ops.privacy.person import Person
from ops.privacy.service import Dependencies, Erased, PrivacyService
from ops.refunds.service import RefundService
from shared.storage.records.dead_letter import DeadLetterState
from shared.storage.schema import TABLES
from shared.storage.writes import Item
from tests.builders import checkout_payload, dead_letter_row, envelope, line, stock
from tests.order_ids import ORDER_IDS, order_id_for
from tests.unit.ops.audit.test_run import Memory
from tests.unit.ops.stock.stock_shop import StockShop

ADA = {
    "userId": "user-of-ada",
    "customerName": "Ada Byron-Lovelace",
    "customerEmail": "ada.b@mail.example",
    "customerAddress": "12 St James Square, Testville",
}
BOB = {
    "userId": "user-of-bob",
    "customerName": "Bob Babbage",
    "customerEmail": "bob@post.example",
    "customerAddress": "1 Dorset Street, Elsewhere",
}
PHONE, PARCEL, WORDS = "+4915112345678", "PC-ADA-77", "please ring at my neighbour Grace"
ENDPOINT = (
    "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
)
# Everything of hers that was ever said, in any table.
STRINGS = (*ADA.values(), PHONE, PARCEL, WORDS, ENDPOINT)
PERSON = Person.named(ADA["userId"], [ADA["customerEmail"]], [PHONE])
DELIVERED, REJECTED, BOBS = (order_id_for(f"pay-{n}") for n in (1, 2, 8))


class Readable(Memory):
    """Tables as the command reads them, a few rows a page."""

    def related(self, table: str, value: str, index: str | None = None) -> Iterator[Sequence[Item]]:
        rows = self.tables.query(table, value, index=index, limit=10_000)
        yield from (rows[start : start + 2] for start in range(0, len(rows), 2))


class PrivacyShop(StockShop):
    """A pipeline whose operator otto is asked by Ada."""

    def __init__(self) -> None:
        super().__init__()
        self.memory.seed("stock", stock("mug", available=9, threshold=8), stock("cup", available=1))

    def order(self, payment: str, person: dict[str, str], product: str = "mug") -> None:
        """A checkout through the API."""
        body = checkout_payload(paymentId=payment, items=[line(product)], **person)
        assert self.checkout(body)["statusCode"] == 202

    def step(self, name: str, order_id: str, **facts: Any) -> None:
        """One event of an order's life."""
        row: Any = self.memory.get("orders", {"orderId": order_id})
        names = ("orderId", "userId", "customerName", "customerEmail", "customerAddress")
        said = {name: row[name] for name in (*names, "items", "totalAmount", "status")}
        self.clock.advance(1)
        event = envelope(
            f"order.{name}",
            {**said, **facts},
            eventId=f"evt-{name}-{order_id}",
            timestamp=self.clock.now().isoformat(),
        )
        assert self.deliver("orders", event)["statusCode"] == 200
        self.drain()

    def delivered(self, order_id: str, **facts: str) -> None:
        """An order's whole life."""
        self.step("confirmed", order_id)
        self.step("shipped", order_id, carrier="Parcel Co", **facts)
        self.step("delivered", order_id, deliveredAt="2026-03-02T12:00:00.000Z")

    def lived(self) -> "PrivacyShop":
        """Everything that a pipeline can be told of a person, and all of it done: an order that
        arrived, one that was rejected and paid back, messages, a device, a dead letter, an address
        that bounced. Bob has an order and a device, too."""
        self.order("pay-1", ADA)
        self.drain()
        self.order("pay-2", ADA, "cup")
        self.order("pay-9", BOB, "cup")
        hers, his = self.outbox.messages[-2:]
        self.send(his)
        self.send(hers)
        self.order("pay-8", BOB)
        self.drain()
        self.delivered(DELIVERED, trackingNumber=PARCEL, trackingUrl=f"https://p.example/{PARCEL}")
        self.delivered(BOBS)
        self.step("cancelled", DELIVERED, reason=WORDS, cancelledBy="user")
        RefundService(self.tables, self.ledger(), self.clock).settle(
            REJECTED, reference="re_1", operator="otto"
        )
        self._tell_of_her()
        self._failed()
        self.drain()
        return self

    def _tell_of_her(self) -> None:
        devices = DeviceTables(self.tables, self.clock)
        devices.register(ADA["userId"], ENDPOINT)
        devices.register(BOB["userId"], ENDPOINT.replace("5e3e", "6f4f"))
        mail = {
            "to": ADA["customerEmail"],
            "subject": f"News for {ADA['customerName']}",
            "templateId": "order-confirmed",
            "templateData": {
                "orderId": "ord_of_another_shop",
                "customerName": ADA["customerName"],
                "items": [line(productName="Mug")],
                "totalAmount": 12.5,
            },
        }
        push = {"userId": ADA["userId"], "title": "Hello", "body": f"Dear {ADA['customerName']}"}
        text = {"phoneNumber": PHONE, "message": f"Dear {ADA['customerName']}"}
        for kind, payload in (("email", mail), ("push", push), ("sms", text)):
            event = envelope(f"notification.{kind}", payload, eventId=f"evt-{kind}")
            assert self.deliver("notifications", event)["statusCode"] == 200
        entry = {
            "action": "user.changed",
            "entityType": "user",
            "entityId": ADA["userId"],
            "userId": ADA["userId"],
            "newState": {"name": ADA["customerName"]},
        }
        said = envelope("analytics.audit", entry, eventId="evt-profile")
        assert self.deliver("analytics", said)["statusCode"] == 200
        bounced = {
            **suppression_key(ADA["customerEmail"]),
            "to": ADA["customerEmail"],
            "state": "suppressed",
            "reason": "complaint",
            "updatedAt": "2026-03-05T00:00:00.000Z",
        }
        self.memory.seed("notifications", bounced)

    def _failed(self) -> None:
        command = envelope("command.checkout", checkout_payload(paymentId="pay-7", **ADA))
        original = json.dumps({**command, "eventId": "evt-failed"}, default=float)
        row = dead_letter_row("evt-failed", originalEvent=original, error=f"no {ADA['userId']}")
        self.memory.seed("dead_letters", row)
        store = DeadLetterStore(self.tables, self.clock)
        letter = store.get("evt-failed")
        assert store.move(
            letter, DeadLetterState.DISCARDED, action="discarded", actor="otto", reason="twice"
        )

    # ------------------------------------------------------------------ the operator
    def service(self, *, tables: Any = None, reason: str = "asked by letter") -> PrivacyService:
        """The operator's given."""
        source = Readable({}, self.clock)
        source.tables = self.memory
        return PrivacyService(
            Dependencies(
                source=source,
                tables=tables or self.tables,
                ledger=self.ledger(),
                clock=self.clock,
                order_ids=ORDER_IDS,
                operator="otto",
                reason=reason,
                new_id=lambda: f"evt-privacy-{next(self._new_ids)}",
                progress=lambda _table, _rows: None,
            )
        )

    def erase(
        self, person: Person = PERSON, *, dry_run: bool = False, tables: Any = None
    ) -> Erased:
        """Look, and erase."""
        service = self.service(tables=tables)
        return service.erase(service.find(person), dry_run=dry_run)

    # ------------------------------------------------------------------ what is left
    def rows(self) -> dict[str, dict[str, Any]]:
        """Every row, by table and key."""
        return {
            table.name: {
                "/".join(str(row[name]) for name in table.key_names()): row
                for row in self.memory.all(table.name)
            }
            for table in TABLES.values()
        }

    def holds(self, *strings: str) -> list[str]:
        """The tables in which one of these strings stands, with the key of the row."""
        return [
            f"{table}/{key}"
            for table, rows in self.rows().items()
            for key, row in rows.items()
            for said in [f"{key} {json.dumps(row, default=str)}".lower()]
            if any(text.lower() in said for text in strings)
        ]
