"""Correcting contact data from the command line: decided by the orders function, repeated safely."""

import argparse
from typing import Any

import pytest

from ops.core.errors import OperatorError
from ops.orders import cli
from ops.orders.service import OrderService
from shared.kernel.errors import PublishError
from tests.builders import checkout_row, order_row
from tests.pipeline import Pipeline


class Shop(Pipeline):
    """A pipeline whose waiting delivers what was published, as time does."""

    def __init__(self) -> None:
        super().__init__()
        self.memory.seed("orders", order_row(status="CONFIRMED"))
        self.clock.sleep = self._pass  # type: ignore[method-assign]

    def _pass(self, seconds: float) -> None:
        self.drain()
        self.clock.advance(seconds)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    cli.add_to(parser.add_subparsers())
    line = ["order", "correct", "ord_1", "--reason", "mistyped", "--operator", "ida", *arguments]
    return parser.parse_args(line)


def correct(shop: Pipeline, *arguments: str) -> int:
    orders = OrderService(shop.tables, shop.publisher, shop.clock)
    return cli.correct(options(*arguments), orders)


def order(shop: Pipeline) -> Any:
    return shop.memory.get("orders", {"orderId": "ord_1"})


def test_it_is_corrected_told_and_in_the_audit_trail(shop, capsys):
    assert correct(shop, "--email", "grace@example.org", "--name", "Grace") == 0

    assert (order(shop)["customerEmail"], order(shop)["customerName"]) == (
        "grace@example.org",
        "Grace",
    )
    told = capsys.readouterr().out
    assert "email: ada@example.com -> grace@example.org" in told
    assert "name: Ada Example -> Grace" in told
    assert "corrected: the order is CONFIRMED" in told
    (entry,) = [e for e in shop.memory.all("audit") if e["action"] == "order.corrected"]
    assert entry["metadata"]["actor"] == {"kind": "operator", "id": "ida"}
    assert entry["metadata"]["reason"] == "mistyped"


def test_the_same_command_again_ends_well_says_so_and_publishes_nothing(shop, capsys):
    correct(shop, "--email", "grace@example.org")
    published, before = len(shop.outbox.messages), order(shop)
    capsys.readouterr()

    assert correct(shop, "--email", " grace@example.org ") == 0

    assert "nothing to correct: the order says so already" in capsys.readouterr().out
    assert (len(shop.outbox.messages), order(shop)) == (published, before)


def test_a_command_whose_answer_was_lost_is_repeated_safely(shop):
    """Both events are under way then: the second finds what it asks for."""
    shop.outbox.failing_after_effect = True
    with pytest.raises(PublishError):
        correct(shop, "--email", "grace@example.org")
    shop.outbox.failing_after_effect = False

    assert correct(shop, "--email", "grace@example.org") == 0

    assert order(shop)["customerEmail"] == "grace@example.org"
    sent = [mail.template_id for mail in shop.mailer.sent]
    assert sorted(sent) == ["order-corrected", "order-corrected-notice"]


def test_a_dry_run_shows_what_would_change_and_publishes_nothing(shop, capsys):
    before = order(shop)

    assert correct(shop, "--address", "7 Other Road\nElsewhere", "--dry-run") == 0

    told = capsys.readouterr().out
    assert "address: 1 Test Street, Testville -> 7 Other Road, Elsewhere" in told
    assert "dry run" in told
    assert (order(shop), shop.outbox.messages) == (before, [])


def test_only_what_differs_travels(shop):
    correct(shop, "--email", "grace@example.org", "--name", "Ada Example")

    (message,) = shop.outbox.of("order.corrected")
    assert "grace@example.org" in message.body
    assert "customerName" not in message.body


@pytest.mark.parametrize("status", ["SHIPPED", "DELIVERED", "CANCELLED"])
@pytest.mark.parametrize("further", [(), ("--dry-run",)])
def test_an_order_that_left_or_is_cancelled_is_refused_in_words(shop, status, further):
    shop.memory.seed("orders", order_row(status=status))

    with pytest.raises(OperatorError, match=f"ord_1 is {status}: .*until an order is shipped"):
        correct(shop, "--email", "grace@example.org", *further)

    assert shop.outbox.messages == []


def test_a_rejected_checkout_and_an_unknown_order_are_refused_in_words():
    shop = Pipeline()
    with pytest.raises(OperatorError, match="there is no order ord_1"):
        correct(shop, "--name", "Grace")
    shop.memory.seed("checkouts", checkout_row(status="rejected"))
    with pytest.raises(OperatorError, match="checkout of ord_1 was rejected"):
        correct(shop, "--name", "Grace")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--email", "grace@"),
        ("--name", " "),
        ("--name", "Grace\nExample"),
        ("--address", "x" * 501),
        ("--reason", ""),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_by_its_option(shop, option, value):
    with pytest.raises(OperatorError, match=f"{option}: must"):
        correct(shop, "--email", "grace@example.org", option, value)

    assert shop.outbox.messages == []


def test_nothing_to_correct_is_asked_for(shop):
    with pytest.raises(OperatorError, match="--email, --name, --address: say what"):
        correct(shop)


def test_the_address_may_stand_in_a_file(shop, tmp_path):
    file = tmp_path / "address.txt"
    file.write_text("7 Other Road\nElsewhere\n", encoding="utf-8")

    assert correct(shop, "--address-file", str(file)) == 0

    assert order(shop)["customerAddress"] == "7 Other Road, Elsewhere"


@pytest.mark.parametrize(
    ("content", "rule"), [(b"\xff\xfe", "must be UTF-8"), (b"x" * 10_001, "must be at most")]
)
def test_a_file_that_holds_no_address_is_refused_in_words(shop, tmp_path, content, rule):
    file = tmp_path / "address.txt"
    file.write_bytes(content)

    with pytest.raises(OperatorError, match=f"--address-file: {rule}"):
        correct(shop, "--address-file", str(file))
    with pytest.raises(OperatorError, match="--address-file: cannot read"):
        correct(shop, "--address-file", str(tmp_path / "none.txt"))


def test_a_newer_word_counts_and_the_command_fails_though_the_rest_is_corrected(shop, capsys):
    """Such as the customer's, where the clock of the operator's machine is behind."""
    newer = {"contactAt": {"customerEmail": "2999-01-01T00:00:00.000Z"}}
    shop.memory.seed("orders", {**order(shop), **newer})

    assert correct(shop, "--email", "grace@example.org", "--name", "Grace") == 1
    assert correct(shop, "--email", "grace@example.org") == 1

    told = capsys.readouterr().out
    assert "corrected: the order is CONFIRMED" in told
    assert "late: the order is CONFIRMED" in told
    assert (order(shop)["customerEmail"], order(shop)["customerName"]) == (
        "ada@example.com",
        "Grace",
    )


def test_a_shipment_that_comes_first_wins_and_the_command_fails(shop, capsys):
    wait = shop.clock.sleep

    def shipped_meanwhile(seconds: float) -> None:
        shop.memory.seed("orders", {**order(shop), "status": "SHIPPED"})
        wait(seconds)

    shop.clock.sleep = shipped_meanwhile

    assert correct(shop, "--email", "grace@example.org") == 1

    assert "late: the order is SHIPPED" in capsys.readouterr().out
    assert order(shop)["customerEmail"] == "ada@example.com"
