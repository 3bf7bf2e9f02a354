"""Whether every promise was kept, counted from outside: by what shoppers were told, what is on the
shelves, and what is in the mailbox. The audit judges the rest from what is stored."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import PRODUCTS
from tests.chaos.rig import Rig
from tests.chaos.shoppers import Book

_CONFIRMATION = "Order Confirmation - "


@dataclass(slots=True)
class Verdict:
    """Figures of a run, and what was broken."""

    figures: dict[str, int] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is stored in the end."""

    checkouts: dict[str, dict[str, Any]]
    orders: list[dict[str, Any]]
    stock: dict[str, dict[str, Any]]
    mails: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, rig: Rig) -> "Rows":
        """Everything, read once."""
        client = rig.client
        return cls(
            {row["orderId"]: row for row in client.items("checkouts")},
            client.items("orders"),
            {row["sku"]: row for row in client.items("stock")},
            {row["id"]: row for row in client.items("notifications") if "templateId" in row},
        )


def judge(rig: Rig, book: Book) -> Verdict:
    """The verdict over a rig at rest."""
    rows, verdict = Rows.of(rig), Verdict()
    _shoppers(rows, book, verdict)
    _orders(rows, verdict)
    _shelves(rows, verdict)
    _mailbox(rig, rows, verdict)
    verdict.breaches += book.broken
    verdict.breaches += [f"{payment}: never served" for payment in book.unserved]
    _audit(rig, verdict)
    return verdict


def _shoppers(rows: Rows, book: Book, verdict: Verdict) -> None:
    """Every 202, and every command that QStash took, has its final answer."""
    statuses = Counter(str(row.get("status")) for row in rows.checkouts.values())
    lost = [
        order_id
        for order_id in sorted(book.accepted | book.commanded)
        if rows.checkouts.get(order_id, {}).get("status") not in {"confirmed", "rejected"}
    ]
    verdict.breaches += [f"{order_id}: promised, and not decided" for order_id in lost]
    verdict.figures |= {
        "accepted with 202": len(book.accepted),
        "commands from outside": len(book.commanded),
        "refused at the door": book.refused.total(),
        "confirmed": statuses["confirmed"],
        "rejected": statuses["rejected"],
        "lost": len(lost),
    }


def _orders(rows: Rows, verdict: Verdict) -> None:
    payments = Counter(order["paymentId"] for order in rows.orders)
    doubled = sorted(payment for payment, count in payments.items() if count > 1)
    verdict.breaches += [f"{payment}: more than one order" for payment in doubled]
    verdict.figures |= {"orders": len(rows.orders), "doubled orders": len(doubled)}
    if len(rows.orders) != verdict.figures["confirmed"]:
        verdict.breaches.append(f"{len(rows.orders)} orders for so many confirmations")


def _shelves(rows: Rows, verdict: Verdict) -> None:
    """What was there, minus what is in orders, is what is left: to the unit."""
    sold: Counter[str] = Counter()
    for order in rows.orders:
        for line in order["items"]:
            variation = line.get("variationId")
            sold[line["productId"] + (f"#{variation}" if variation else "")] += line["quantity"]
    oversold = 0
    for product in PRODUCTS:
        left, expected = rows.stock[product.sku]["available"], product.available - sold[product.sku]
        oversold += max(0, -expected)
        if left != expected or left < 0:
            verdict.breaches.append(f"{product.sku}: {left} left, must be {expected}")
    verdict.figures |= {"units sold": sold.total(), "oversold units": oversold}


def _mailbox(rig: Rig, rows: Rows, verdict: Verdict) -> None:
    """One confirmation in the mailbox per order; none or one where the record says unknown."""
    arrived = Counter(
        mail["Subject"].removeprefix(_CONFIRMATION)
        for mail in rig.client.mails()
        if mail["Subject"].startswith(_CONFIRMATION)
    )
    states = Counter(row["state"] for row in rows.mails.values())
    known = {
        row["subject"].removeprefix(_CONFIRMATION): row["state"]
        for row in rows.mails.values()
        if row["subject"].startswith(_CONFIRMATION)
    }
    ordered = {order["orderId"] for order in rows.orders}
    for order_id in sorted(ordered | arrived.keys()):
        count, state = arrived[order_id], known.get(order_id, "no record")
        right = count == 1 if state == "sent" else state == "unknown" and count <= 1
        if not right or order_id not in ordered:
            verdict.breaches.append(f"{order_id}: {count} confirmations, record says {state}")
    verdict.figures |= {
        "confirmations in the mailbox": arrived.total(),
        "doubled mails": sum(count - 1 for count in arrived.values() if count > 1),
        "mails of unknown fate": states["unknown"],
    }


def _audit(rig: Rig, verdict: Verdict) -> None:
    found = rig.audit()
    verdict.figures["audit: breaches"] = found["breaches"]
    for check in found["checks"]:
        verdict.breaches += [
            f"{check['check']} ({check['promise']}): {one['id']} {one['says']}"
            for one in check["found"]
            if check["breaches"] and not one["attention"]
        ]
