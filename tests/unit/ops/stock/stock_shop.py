"""A shop with an operator in it, and the audit's opinion of what both did."""

from typing import Any

from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.stock.catalogue_diff import Change
from ops.stock.catalogue_file import parse
from ops.stock.catalogue_import import Importer
from ops.stock.domain import Request
from ops.stock.service import Done, StockService
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables
from shared.storage.schema import TABLES
from tests.builders import checkout_payload, envelope, line
from tests.pipeline import Pipeline
from tests.unit.ops.audit.test_run import Memory, audited, red
from tests.unit.shared.faults import Faults

__all__ = ["OperatorError", "StockShop", "interrupted", "opened", "ordered"]


class StockShop(Pipeline):
    """A pipeline whose operator is called otto."""

    def __init__(self) -> None:
        super().__init__()
        self._new_ids = iter(f"change-{number}" for number in range(1000))

    def ledger(
        self, tables: Tables | None = None, publisher: Publisher | None = None
    ) -> OperatorLedger:
        """The operators' ledger."""
        return OperatorLedger(
            tables or self.tables, publisher or self.publisher, self.clock, jitter=lambda: 0.5
        )

    def operate(self, request: Request, *, key: str = "key-1", tables: Any = None) -> Done:
        """One command of the operator."""
        service = StockService(
            tables or self.tables, self.ledger(tables), self.clock, operator="otto"
        )
        return service.carry_out(request, why="counted twice", key=key)

    def importer(self, *, key: str = "file-1", tables: Any = None) -> Importer:
        """An import."""
        return Importer(
            tables or self.tables,
            self.ledger(tables),
            self.clock,
            operator="otto",
            why="spring catalogue",
            key=key,
            new_id=self._new_ids.__next__,
        )

    def bring_in(self, text: str, *, key: str = "file-1", tables: Any = None) -> list[Change]:
        """Import a catalogue."""
        return list(self.importer(key=key, tables=tables).run(parse(text.encode())))

    def row(self, sku: str = "mug") -> Any:
        """A stock row."""
        return self.memory.get("stock", {"sku": sku})

    def deltas(self, sku: str = "mug") -> list[tuple[str, int]]:
        """Reason and units of a SKU's movements, in the order of their ids."""
        rows: Any = self.memory.query("movements", sku)
        return [(row["reason"], row["delta"]) for row in rows]

    def send_out(self, order_id: str) -> None:
        """Confirm and ship an order."""
        row: Any = self.memory.get("orders", {"orderId": order_id})
        names = ("orderId", "userId", "customerName", "customerEmail", "customerAddress")
        payload = {name: row[name] for name in (*names, "items", "totalAmount", "status")}
        for step in ("confirmed", "shipped"):
            event_id = f"evt-{step}-{order_id}"
            self.clock.advance(1)
            event = envelope(f"order.{step}", payload, eventId=event_id)
            assert self.deliver("orders", event)["statusCode"] == 200
        self.drain()

    def broken_promises(self) -> set[str]:
        """What the audit finds an hour later."""
        rows = {table: self.memory.all(table) for table in TABLES}
        return red(audited(Memory(rows, self.clock), strict=True))


def opened() -> StockShop:
    """Ten mugs and four jars, brought in by an import so that the audit can add up every unit."""
    shop = StockShop()
    shop.bring_in("sku,name,price,available,threshold\nmug,Mug,12.50,10,2\njar,Jar,5,4,0\n")
    shop.drain()
    shop.clock.advance(1)
    return shop


def ordered(shop: StockShop, quantity: int = 3, payment: str = "pay-1") -> str:
    """An order of mugs, shipped; its id."""
    shop.checkout(checkout_payload(paymentId=payment, items=[line(quantity=quantity)]))
    shop.drain()
    order: Any = next(o for o in shop.memory.all("orders") if o["paymentId"] == payment)
    shop.send_out(order["orderId"])
    return str(order["orderId"])


def interrupted(shop: StockShop, deed: Any, *, at: str = "tables.transact") -> Any:
    """Tables that let somebody else act just before one call."""
    faults = Faults()

    def watch(name: str) -> None:
        if name == at:
            faults.watch = lambda _: None
            deed()

    faults.watch = watch
    return faults.wrap("tables", shop.memory)
