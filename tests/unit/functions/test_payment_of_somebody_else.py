"""A payment belongs to its first request, cart and contact: the others are refused by name (I29)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from shared.kernel.ids import checkout_event_id_for
from shared.kernel.strict_json import dumps
from tests.builders import answer_of, checkout_command, checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")
OTHERS = [
    ({"customerEmail": "eva@example.com"}, ["customerEmail"]),
    ({"customerName": "Eva Example"}, ["customerName"]),
    ({"customerAddress": "2 Test Street, Testville"}, ["customerAddress"]),
    (
        {"customerEmail": "eva@example.com", "customerName": "Eva"},
        ["customerName", "customerEmail"],
    ),
    ({"userId": "user-2"}, ["userId"]),
    ({"items": [line(quantity=2)]}, ["items", "totalAmount"]),
    ({"items": [line("bowl")]}, ["items"]),
]
CANARIES = ("eva@example.com", "Eva", "2 Test Street", "Ada", "ada@example.com", "1 Test Street")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("bowl"))
    return pipeline


def accepted(shop: Pipeline) -> None:
    shop.checkout(checkout_payload())


def ordered(shop: Pipeline) -> None:
    shop.checkout(checkout_payload())
    shop.drain()


def ordered_past_the_api(shop: Pipeline) -> None:
    shop.deliver("commands", checkout_command())


def rejected(shop: Pipeline) -> None:
    shop.checkout(checkout_payload())
    shop.memory.seed("stock", stock(available=0))
    shop.drain()
    shop.memory.seed("stock", stock())


def rejected_past_the_api(shop: Pipeline) -> None:
    shop.memory.seed("stock", stock(available=0))
    shop.deliver("commands", checkout_command())
    shop.memory.seed("stock", stock())


WAYS = [accepted, ordered, ordered_past_the_api, rejected, rejected_past_the_api]


def books(shop: Pipeline) -> Any:
    return [shop.memory.all(t) for t in ("orders", "checkouts", "stock")], shop.outbox.ids()


def fields_of(response: dict[str, Any]) -> list[str]:
    error = answer_of(response)["error"]
    assert error["code"] == "payment_reused"
    return [error["field"], *(other["field"] for other in error.get("others", []))]


@pytest.mark.parametrize("begun", WAYS)
@pytest.mark.parametrize(("change", "fields"), OTHERS)
def test_the_api_names_what_differs_and_keeps_what_was_first(shop, begun, change, fields):
    begun(shop)
    before = books(shop)

    response = shop.checkout(checkout_payload(**change))

    assert (response["statusCode"], fields_of(response)) == (409, fields)
    assert not any(value in response["body"] for value in CANARIES)
    assert books(shop) == before


@pytest.mark.parametrize("begun", WAYS)
@pytest.mark.parametrize(("change", "fields"), OTHERS)
def test_a_command_is_refused_for_good_and_the_first_order_stays(shop, begun, change, fields):
    begun(shop)
    before = books(shop)

    response = shop.deliver("commands", checkout_command(event_id="evt-2", **change))

    expected = [f"payload.{field}" for field in fields]
    assert (response["statusCode"], fields_of(response)) == (489, expected)
    assert not any(value in response["body"] for value in CANARIES)
    assert books(shop) == before


@pytest.mark.parametrize("begun", WAYS)
def test_the_same_request_again_is_the_same_answer(shop, begun):
    begun(shop)
    orders = shop.memory.all("orders")

    assert shop.checkout(checkout_payload())["statusCode"] == 202
    assert shop.deliver("commands", checkout_command(event_id="evt-2"))["statusCode"] == 200
    shop.drain()
    assert len(shop.memory.all("checkouts")) == 1
    assert len(shop.memory.all("orders")) == max(len(orders), int(begun is accepted))


@pytest.mark.parametrize("begun", WAYS)
@pytest.mark.parametrize(("change", "fields"), OTHERS)
def test_rows_from_before_identities_were_kept_still_recognise_their_request(
    shop, begun, change, fields
):
    """Only what came past the API tells nothing of its contact there: then the cart counts."""
    begun(shop)
    old = {n: v for n, v in shop.memory.all("checkouts")[0].items() if n != "identity"}
    shop.memory.seed("checkouts", old)

    assert shop.checkout(checkout_payload())["statusCode"] == 202
    other = shop.checkout(checkout_payload(**change))

    unknown = begun in {rejected_past_the_api, ordered_past_the_api}
    silent = unknown and all(field.startswith("customer") for field in fields)
    assert other["statusCode"] == (202 if silent else 409)
    if not silent:
        assert fields_of(other) == (["items"] if unknown else fields)


SAME = [
    {"customerEmail": "  ada@example.com "},
    {"customerName": "\u00a0Ada Example\u200b"},
    {"customerAddress": "1 Test Street\r\nTestville"},
    {"customerAddress": " 1 Test Street,\nTestville\n"},
    {"totalAmount": Decimal("12.50000000001")},
    {"items": [line(price=Decimal("12.5"), productName="My mug")]},
]


@pytest.mark.parametrize("begun", [accepted, ordered, ordered_past_the_api])
@pytest.mark.parametrize("change", SAME)
def test_what_is_only_typed_otherwise_is_the_same_request_at_the_api_and_past_it(
    shop, begun, change
):
    """A browser that sends a form again may send other blanks and line breaks."""
    begun(shop)

    assert shop.checkout(checkout_payload(**change))["statusCode"] == 202
    command = checkout_command(event_id="evt-2", **change)
    assert shop.deliver("commands", command)["statusCode"] == 200
    shop.drain()
    assert len(shop.memory.all("orders")) == 1


@pytest.mark.parametrize("begun", [accepted, ordered, ordered_past_the_api])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customerName", "ada example"),
        ("customerName", "Ada  Example"),
        ("customerEmail", "Ada@example.com"),
        ("customerEmail", "ada+x@example.com"),
        ("customerAddress", "1 Test Street Testville"),
        ("customerAddress", "1 Test Street, Testville 2"),
    ],
)
def test_what_reads_otherwise_is_another_request_and_is_refused_in_both_ways(
    shop, begun, name, value
):
    begun(shop)

    api = shop.checkout(checkout_payload(**{name: value}))
    past = shop.deliver("commands", checkout_command(event_id="evt-2", **{name: value}))

    assert (api["statusCode"], fields_of(api)) == (409, [name])
    assert (past["statusCode"], fields_of(past)) == (489, [f"payload.{name}"])


def test_lines_in_another_order_or_split_are_the_same_request(shop):
    two = [line(quantity=2), line("bowl")]
    same = [line("bowl"), line(), line()]

    assert shop.checkout(checkout_payload(items=two))["statusCode"] == 202
    assert shop.checkout(checkout_payload(items=same))["statusCode"] == 202


def test_the_checkout_keeps_digests_and_nobody_sees_whose_orders_are_one_person_s(shop):
    shop.checkout(checkout_payload())
    shop.checkout(checkout_payload(paymentId="pay-2"))

    one, other = (row["identity"] for row in shop.memory.all("checkouts"))
    assert set(one) == set(other) == {
        "userId", "customerName", "customerEmail", "customerAddress", "items", "totalAmount",
    }  # fmt: skip
    assert all(one[name] != other[name] for name in one)
    assert not any(value in dumps([dict(one), dict(other)]) for value in CANARIES)


def overtaking(
    shop: Pipeline, deed: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """Something happens whole between the next reading and its writing."""
    transact, done = shop.memory.transact, list[Any]()

    def first(writes: Any) -> None:
        if not done:
            done.append(None)
            done[0] = deed()
        transact(writes)

    monkeypatch.setattr(shop.memory, "transact", first)
    return done


def test_of_two_contacts_in_the_same_moment_exactly_one_is_accepted(shop, monkeypatch):
    eva = checkout_payload(customerEmail="eva@example.com")
    done = overtaking(shop, lambda: shop.checkout(eva), monkeypatch)

    late = shop.checkout(checkout_payload())

    assert (done[0]["statusCode"], late["statusCode"]) == (202, 409)
    shop.drain()
    (order,) = shop.memory.all("orders")
    assert order["customerEmail"] == "eva@example.com"


def test_a_command_does_not_overtake_a_contact_that_the_api_accepts_in_the_same_moment(
    shop, monkeypatch
):
    eva = checkout_payload(customerEmail="eva@example.com")
    overtaking(shop, lambda: shop.checkout(eva), monkeypatch)

    assert shop.deliver("commands", checkout_command())["statusCode"] == 489
    shop.drain()
    (order,) = shop.memory.all("orders")
    assert order["customerEmail"] == "eva@example.com"


def test_the_api_s_own_event_id_under_another_contact_is_refused_too(shop):
    shop.checkout(checkout_payload())
    shop.drain()
    forged = checkout_command(event_id=checkout_event_id_for("pay-1"), customerName="Eva")

    response = shop.deliver("commands", forged)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "event_id_reused"
    assert shop.memory.all("orders")[0]["customerName"] == "Ada Example"
