"""An operator goes from a payment to its order as far as they may read the key."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ops.core.connection import Connection
from ops.core.errors import OperatorError
from ops.core.order_ids import order_ids_of, possible_ids
from ops.history.service import HistoryService
from ops.trace.store import TraceTables
from shared.kernel.errors import DependencyError
from tests.builders import checkout_payload, stock
from tests.order_ids import ORDER_ID_KEY, ORDER_IDS
from tests.pipeline import Pipeline, no_parameters

KEYED, PLAIN = ORDER_IDS.both("pay-1")


def connection(read: Callable[[list[str]], Mapping[str, str]]) -> Connection:
    nothing: Any = None
    return Connection(
        stage="prod",
        tables=nothing,
        table_names={},
        publisher=nothing,
        clock=nothing,
        read_parameters=read,
    )


def denied(_names: list[str]) -> Mapping[str, str]:
    raise DependencyError("SSM: AccessDeniedException")


def bought(old: bool) -> Pipeline:
    shop = Pipeline()
    shop.environ["ORDER_IDS"] = "plain" if old else "keyed"
    shop.memory.seed("stock", stock())
    shop.checkout(checkout_payload())
    shop.drain()
    return shop


def test_the_stage_s_own_key_is_read():
    store = {"/order-pipeline/prod/secrets/ORDER_ID_KEY": ORDER_ID_KEY}
    told: list[str] = []

    known = order_ids_of(connection(lambda names: {n: store[n] for n in names}), told.append)

    assert known == ORDER_IDS
    assert told == []


@pytest.mark.parametrize(
    ("read", "cause"), [(denied, "AccessDenied"), (no_parameters, "ORDER_ID_KEY: missing")]
)
def test_a_key_that_cannot_be_read_is_told_with_its_cause(read, cause):
    told: list[str] = []

    assert order_ids_of(connection(read), told.append) is None

    [line] = told
    assert "the key of order ids cannot be read" in line
    assert cause in line


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", ["pay-1", KEYED, PLAIN])
def test_an_order_is_found_by_its_payment_and_by_its_own_id(old, name):
    shop, own = bought(old), PLAIN if old else KEYED
    if name not in {"pay-1", own}:
        with pytest.raises(OperatorError, match="no order, checkout, payment or event is called"):
            TraceTables(shop.memory, ORDER_IDS).find(name)
        return

    assert TraceTables(shop.memory, ORDER_IDS).find(name).name == own
    entries = HistoryService(shop.memory, ORDER_IDS).of("order", name).entries
    assert own in {entry.entity_id for entry in entries}


def test_without_the_key_a_new_order_is_found_by_its_own_id_and_an_old_one_by_both():
    new, old = bought(old=False), bought(old=True)

    assert TraceTables(new.memory, None).find(KEYED).name == KEYED
    assert TraceTables(old.memory, None).find(PLAIN).name == PLAIN
    assert TraceTables(old.memory, None).find("pay-1").name == PLAIN
    with pytest.raises(OperatorError, match="no order, checkout, payment or event is called pay-1"):
        TraceTables(new.memory, None).find("pay-1")
    assert HistoryService(new.memory, None).of("order", "pay-1").entries == []


def test_what_is_looked_for_begins_with_the_name_itself():
    assert possible_ids("pay-1", ORDER_IDS) == ("pay-1", KEYED, PLAIN)
    assert possible_ids("pay-1", None) == ("pay-1", PLAIN)
