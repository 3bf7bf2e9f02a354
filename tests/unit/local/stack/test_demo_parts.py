import io
from decimal import Decimal

import pytest

from local.demo import hops
from local.demo.narrator import Narrator
from local.demo.shopper import ordinary_cart, sold_out_cart
from local.stack.polling import NotObservedError
from local.stack.qstash import Server
from local.stack.stackfile import Stack, describe
from local.terminal import Terminal
from tests.unit.local.stack.test_stackfile import OUTPUTS


@pytest.fixture
def stack() -> Stack:
    return describe(
        OUTPUTS, endpoint_url="http://x", qstash=Server("http://q"), redis_url="r", pids={}
    )


def delivery(message: str, status: int, started: int, topic: str = "orders") -> dict[str, object]:
    return {
        "messageId": message,
        "url": f"https://{topic}.on.aws/",
        "eventType": "order.created",
        "attempt": 0,
        "status": status,
        "startedAt": started,
        "finishedAt": started + 40,
    }


def test_hops_are_told_in_the_order_they_happened(stack):
    later, sooner = delivery("b", 200, 2_500, "analytics"), delivery("a", 200, 1_500)

    _heading, *rows = hops.rows([later, sooner], stack, since_ms=1_000)

    assert rows == [
        ["0.50 s", "orders", "order.created", "1", "HTTP 200", "40 ms"],
        ["1.50 s", "analytics", "order.created", "1", "HTTP 200", "40 ms"],
    ]


def test_a_message_is_handled_if_its_last_delivery_was():
    assert hops.all_handled([delivery("a", 503, 1), delivery("a", 200, 2)])
    assert not hops.all_handled([delivery("a", 200, 1), delivery("b", 503, 2)])
    assert not hops.all_handled([])


def test_the_cart_adds_up_as_a_storefront_would_send_it():
    body = ordinary_cart("pay_1").body()

    total = sum(Decimal(str(line["price"])) * line["quantity"] for line in body["items"])
    assert Decimal(str(body["totalAmount"])) == total
    assert {"productId", "quantity", "price", "variationId"} in [set(x) for x in body["items"]]


def test_a_sold_out_cart_holds_what_is_sold_out():
    ((item, _count),) = sold_out_cart("pay_1").lines

    assert item.available == 0


def test_only_what_holds_is_claimed():
    stream = io.StringIO()
    tell = Narrator(Terminal(stream, live=False))

    tell.proof(holds=True, claim="seen")
    with pytest.raises(NotObservedError, match="unseen"):
        tell.proof(holds=False, claim="unseen")
    with pytest.raises(NotObservedError, match="never: not within 0 s"):
        tell.wait(lambda: None, "never", limit=0)

    assert stream.getvalue() == "   ok  seen\n"
    assert tell.proved == 1
