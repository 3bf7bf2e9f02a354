"""Attacks with rows and files that make no sense: one of them must not stop what serves the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target
from local.stack.home import Home
from local.stack.polling import NotObservedError, wait_for
from local.stack.stackfile import Stack, StackFileError
from shared.storage.schema import TABLES

_SIGNED = Checkouts.SIGNED
_LONG_AGO = "2020-01-01T00:00:00.000Z"
_SHAPES: tuple[str, ...] = (
    "",
    "no JSON",
    "[]",
    "null",
    "7",
    '{"aws": null}',
    '{"aws": {"endpoint_url": ["x"]}, "stage": "local", "tables": "all"}',
    "[" * 100_000,
)


def poison_the_reconciler(target: Target) -> None:
    """Odd rows come first in every index that the reconciler reads; behind them, units wait."""
    sku = target.product(10)
    order_id = target.client.order_id_for(target.new("pay"))
    wanted = {"orderId": order_id, "items": [{"productId": sku, "quantity": 3}]}
    command = target.event("command.inventory.reserve", wanted)
    needs(target.client.deliver("commands", command).status_code == 200, "a reservation is refused")
    held = target.client.item("reservations", orderId=order_id) or {}
    needs(held.get("status") == "held", "the units are not reserved")
    shard = held["holdShard"]
    with _odd_rows(target, shard):
        target.client.put("reservations", {**held, "expiresAt": "2026-01-01T00:00:00.000Z"})
        target.reconcile()
        try:
            wait_for(lambda: target.available(sku) == 10, "the units are available again")
        except NotObservedError:
            must(holds=False, seen="an odd row keeps units reserved for ever")


def poison_the_operators(target: Target) -> None:
    """Odd rows among what the audit reads and the listings show."""
    good = target.vouched_order()
    target.rest()
    with _odd_rows(target, "0") as keys:
        status, said = target.operate("audit")
        must("Traceback" not in said, "the audit ends with a traceback")
        must("one order per payment" in said, "the audit does not look at the other rows")
        for table in ("orders", "checkouts", "dead_letters"):
            must(keys[table] in said, f"the audit does not name the odd row of {table}")
        must(status == 1, f"the audit ends with {status}")
        status, said = target.operate("dead-letters", "list")
        must("Traceback" not in said, "the listing ends with a traceback")
        must(keys["dead_letters"] in said, "the listing does not name the odd row")
        must(status == 1, f"the listing ends with {status}")
    status, said = target.operate("trace", str(good["orderId"]))
    needs(status == 0, f"a trace ends with {status}: {said}")


def hand_over_another_file(target: Target) -> None:
    """Files of another shape as `--stack`, and as the description of a stack."""
    home = Home(target.folder / "odd-home")
    home.folder.mkdir(exist_ok=True)
    for number, shape in enumerate(_SHAPES):
        home.stack_file.write_text(shape, encoding="utf-8")
        try:
            Stack.load(home)
        except StackFileError:
            pass
        else:
            must(holds=False, seen=f"file {number} is taken for a stack")
    for shape in _SHAPES[-3:]:
        home.stack_file.write_text(shape, encoding="utf-8")
        status, said = target.operate("audit", stack_file=home.stack_file)
        must(status == 2, f"a program ends with {status}")
        must("Traceback" not in said, "a program ends with a traceback")
        must(len(said.strip().splitlines()) <= 3, "a program says more than what is wrong")


@contextmanager
def _odd_rows(target: Target, shard: str) -> Iterator[dict[str, str]]:
    """Rows that cannot be read, at the head of each index, for as long as this lasts."""
    odd: dict[str, dict[str, Any]] = {
        "ledger": {"pendingShard": shard, "committedAt": _LONG_AGO, "outbox": "text"},
        "checkouts": {"pendingShard": shard, "acceptedAt": _LONG_AGO, "command": [7]},
        "reservations": {"holdShard": shard, "expiresAt": _LONG_AGO, "items": {"x": {"y"}}},
        "orders": {"unconfirmedShard": shard, "createdAt": _LONG_AGO, "items": 7},
        "dead_letters": {
            "state": "open",
            "lastFailedAt": _LONG_AGO,
            "dueShard": shard,
            "dueAt": _LONG_AGO,
            "attempts": "many",
        },
    }
    keys = {table: target.new("odd") for table in odd}
    names = {table: TABLES[table].partition for table in odd}
    try:
        for table, row in odd.items():
            target.client.put(table, {names[table]: keys[table], **row})
        yield keys
    finally:
        for table, key in keys.items():
            target.forget(table, **{names[table]: key})


ATTACKS = (
    Attack(
        "odd rows at the head of every queue",
        "a reconciler that stops",
        "passed over and counted",
        "S33",
        _SIGNED,
        poison_the_reconciler,
    ),
    Attack(
        "odd rows among what operators look at",
        "an audit that stops",
        "named, and the rest is audited",
        "S33",
        _SIGNED,
        poison_the_operators,
        is_slow=True,
    ),
    Attack(
        "a `--stack` file of another shape",
        "a program that breaks",
        "exit status 2 and a sentence",
        "S33",
        _SIGNED,
        hand_over_another_file,
        is_slow=True,
    ),
)
