"""What an operator is told about one order: what happened, what did not, and why."""

from typing import Any

import pytest

from ops.core.errors import OperatorError
from ops.trace.store import TraceTables
from ops.trace.view import as_text
from tests.builders import checkout_payload, dead_letter_row, line, reserve_command, stock
from tests.order_ids import ORDER_IDS, order_id_for
from tests.pipeline import Pipeline

ORDER = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


def traced(shop: Any, name: str) -> str:
    return as_text(TraceTables(shop.tables, ORDER_IDS).find(name))


def tail(told: str) -> str:
    """What was not handled."""
    return told.partition("not handled so far:")[2]


@pytest.mark.parametrize("name", [ORDER, "pay-1"])
def test_every_hop_of_an_order_is_told_by_its_own_or_its_payments_id(shop, name):
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.drain()

    told = traced(shop, name)

    assert "total     25.00" in told
    for hop in ("command.checkout", "order.created", "notification.email", "analytics.audit"):
        assert hop in told
    assert tail(told) == ""


def test_what_is_still_under_way_is_told(shop):
    shop.checkout(checkout_payload())

    told = traced(shop, "pay-1")

    assert "checkout  accepted" in told
    assert "command.checkout" in tail(told)
    assert "on its way" in tail(told)


def test_what_was_given_up_is_told_with_its_cause(shop):
    shop.checkout(checkout_payload())
    [command] = shop.outbox.messages
    cause = "HTTP 503 dependency_unavailable\x1b[2J"
    shop.memory.seed("dead_letters", dead_letter_row(command.event_id, cause=cause))

    told = tail(traced(shop, ORDER))

    assert "dead letter, open: HTTP 503 dependency_unavailable\\x1b[2J" in told


def test_the_release_that_a_hold_sent_for_later_is_waiting(shop):
    hold = reserve_command(ORDER) | {"correlationId": ORDER}
    shop.deliver("commands", hold)
    shop.checkout(checkout_payload())
    shop.drain()

    told = tail(traced(shop, ORDER))

    assert "command.inventory.release" in told
    assert "command.checkout" not in told


def test_an_order_that_nobody_knows_is_said_so(shop):
    with pytest.raises(
        OperatorError, match="no order, checkout, payment or event is called nobody"
    ):
        traced(shop, "nobody")
