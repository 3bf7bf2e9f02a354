"""The document about the API says what the API does: no more, no less."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.commerce.contact import MOST_BY_CUSTOMER
from shared.kernel.errors import ContentionError, DependencyError
from tests.builders import (
    Context,
    answer_of,
    checkout_payload,
    line,
    order_row,
    request,
    stock,
    vouched,
)
from tests.contracts.api_document import JSON, check, document, operations, problems_of
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

ORDER_ID = order_id_for("pay-1")
CHECKOUT, STATUS, CANCEL = "checkOut", "getCheckout", "cancelOrder"
CORRECT = "correctContact"
ROUTES = {
    CHECKOUT: ("POST", "/api/checkout"),
    STATUS: ("GET", f"/api/checkout/{ORDER_ID}"),
    CANCEL: ("POST", f"/api/checkout/{ORDER_ID}/cancel"),
    CORRECT: ("POST", f"/api/checkout/{ORDER_ID}/contact"),
}
Claim = tuple[str, int, str]
Event = dict[str, Any]


def call(operation: str, body: Any = None, *, shopper: str | None = "user-1") -> Event:
    """A request for an operation, as it usually is."""
    method, path = ROUTES[operation]
    usual = {
        CHECKOUT: checkout_payload(),
        CANCEL: {},
        CORRECT: {"customerEmail": "grace@example.org"},
    }.get(operation)
    data = body if isinstance(body, bytes) else json.dumps(body or usual, default=float).encode()
    event = request(data if method == "POST" else b"", path=path, method=method)
    if operation != CHECKOUT:
        event["pathParameters"] = {"orderId": ORDER_ID}
    return vouched(event, shopper)


def ordered(shop: Pipeline) -> None:
    """There is a checkout, and an order."""
    shop.checkout(checkout_payload(), shopper="user-1")
    shop.drain()


def undecided(shop: Pipeline) -> None:
    """There is a checkout."""
    shop.checkout(checkout_payload(), shopper="user-1")


def rejected(shop: Pipeline) -> None:
    """There is a checkout that came too late."""
    undecided(shop)
    shop.memory.seed("stock", stock(available=0))
    shop.drain()


def in_state(status: str) -> Callable[[Pipeline], None]:
    """There is an order in this state."""

    def prepare(shop: Pipeline) -> None:
        ordered(shop)
        shop.memory.seed("orders", order_row(orderId=ORDER_ID, status=status))

    return prepare


def failing(error: Callable[[], Exception], call_number: int = 0) -> Callable[[Pipeline], None]:
    """The store fails at this call of the next request."""

    def prepare(shop: Pipeline) -> None:
        shop.tables = Faults({(call_number, "before"): error}).wrap("tables", shop.memory)

    return prepare


def corrected_often(shop: Pipeline) -> None:
    """There is an order that its customer corrected as often as a customer may."""
    ordered(shop)
    shop.memory.seed("orders", order_row(orderId=ORDER_ID, customerCorrections=MOST_BY_CUSTOMER))


def without_qstash(shop: Pipeline) -> None:
    """There is an order, and QStash is down."""
    ordered(shop)
    shop.outbox.failing = True


def as_it_is(_shop: Pipeline) -> None:
    """An empty shop with a mug."""


def signed_only(shop: Pipeline) -> None:
    """The shop's server signs its checkouts."""
    shop.sign_checkouts()


def used_up(shop: Pipeline) -> None:
    """The caller ordered as much as it may within this hour."""
    shop.environ["UNITS_PER_ADDRESS_HOUR"] = "1"
    shop.checkout(checkout_payload(paymentId="pay-0"), shopper="user-1")


def plain_text(event: Event) -> Event:
    """The same request, not declared as JSON."""
    return {**event, "headers": {"content-type": "text/plain"}}


def everywhere() -> Iterator[tuple[Claim, tuple[Callable[[Pipeline], None], Event]]]:
    """What can happen to every operation, and to every one that reads a body."""
    for name in ROUTES:
        yield (name, 401, "sign_in_required"), (ordered, call(name, shopper=None))
        yield (name, 500, "internal_error"), (failing(lambda: RuntimeError("bug")), call(name))
        down = failing(lambda: DependencyError("DynamoDB: timeout"))
        yield (name, 503, "dependency_unavailable"), (down, call(name))
    for name, wrong in (
        (CHECKOUT, {"userId": 7, "items": 7}),
        (CANCEL, {"reason": 7}),
        (CORRECT, {"customerEmail": 7, "reason": ""}),
    ):
        yield (name, 400, "invalid_field"), (as_it_is, call(name, wrong))
        yield (name, 400, "invalid_json"), (as_it_is, call(name, b"{"))
        yield (name, 413, "payload_too_large"), (as_it_is, call(name, b"x" * 300_000))
        yield (name, 415, "unsupported_media_type"), (as_it_is, plain_text(call(name)))
        yield (name, 415, "unsupported_encoding"), (as_it_is, call(name, "\ufeff{}".encode()))


CASES: dict[Claim, tuple[Callable[[Pipeline], None], Event]] = {
    **dict(everywhere()),
    (CHECKOUT, 202, ""): (as_it_is, call(CHECKOUT)),
    (CHECKOUT, 401, "unauthenticated"): (signed_only, call(CHECKOUT)),
    (CHECKOUT, 429, "allowance_used"): (used_up, call(CHECKOUT)),
    (CHECKOUT, 403, "foreign_user"): (as_it_is, call(CHECKOUT, shopper="user-2")),
    (CHECKOUT, 409, "price_changed"): (
        as_it_is,
        call(CHECKOUT, checkout_payload(items=[line(price=12)])),
    ),
    (CHECKOUT, 409, "out_of_stock"): (
        as_it_is,
        call(CHECKOUT, checkout_payload(items=[line(quantity=11)])),
    ),
    (CHECKOUT, 409, "payment_reused"): (
        undecided,
        call(CHECKOUT, checkout_payload(items=[line(quantity=2)])),
    ),
    (CHECKOUT, 503, "contention"): (failing(lambda: ContentionError("busy"), 1), call(CHECKOUT)),
    (STATUS, 200, ""): (ordered, call(STATUS)),
    (STATUS, 404, "not_found"): (ordered, call(STATUS, shopper="user-2")),
    (CANCEL, 200, ""): (in_state("CANCELLED"), call(CANCEL)),
    (CANCEL, 202, ""): (ordered, call(CANCEL, {"reason": "too late"})),
    (CANCEL, 404, "not_found"): (ordered, call(CANCEL, shopper="user-2")),
    (CANCEL, 409, "checkout_undecided"): (undecided, call(CANCEL)),
    (CANCEL, 409, "checkout_rejected"): (rejected, call(CANCEL)),
    (CANCEL, 409, "already_shipped"): (in_state("SHIPPED"), call(CANCEL)),
    (CANCEL, 503, "publish_failed"): (without_qstash, call(CANCEL)),
    (CORRECT, 200, ""): (ordered, call(CORRECT, {"customerEmail": "ada@example.com"})),
    (CORRECT, 202, ""): (ordered, call(CORRECT, {"customerName": "Grace", "reason": "typo"})),
    (CORRECT, 404, "not_found"): (ordered, call(CORRECT, shopper="user-2")),
    (CORRECT, 409, "checkout_undecided"): (undecided, call(CORRECT)),
    (CORRECT, 409, "checkout_rejected"): (rejected, call(CORRECT)),
    (CORRECT, 409, "already_shipped"): (in_state("SHIPPED"), call(CORRECT)),
    (CORRECT, 409, "already_cancelled"): (in_state("CANCELLED"), call(CORRECT)),
    (CORRECT, 409, "corrections_used"): (corrected_often, call(CORRECT)),
    (CORRECT, 503, "publish_failed"): (without_qstash, call(CORRECT)),
}


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.sign_in()
    pipeline.memory.seed("stock", stock())
    return pipeline


def test_it_is_openapi_3_1():
    OpenAPIV31SpecValidator(dict(document())).validate()
    assert document()["openapi"].startswith("3.1.")


@pytest.mark.parametrize("claim", CASES, ids=lambda claim: "-".join(map(str, claim)).rstrip("-"))
def test_each_documented_answer_is_given_and_looks_like_that(shop, claim):
    prepare, event = CASES[claim]
    prepare(shop)

    answer = shop._api()(event, Context())

    code = answer_of(answer).get("error", {}).get("code", "")
    assert (answer["statusCode"], code) == claim[1:]
    check(event, answer)


def test_there_is_a_case_for_each_documented_answer_and_no_other():
    """API Gateway's own refusals are the only ones that nothing here can produce."""
    assert set(CASES) == {
        (operation["operationId"], int(status), code)
        for _, _, operation in operations()
        for status, response in operation["responses"].items()
        for code in codes_of(response)
    }


def codes_of(response: Any) -> Iterator[str]:
    schema = response["content"][JSON]["schema"]
    if "oneOf" not in schema:
        yield ""
    for shape in schema.get("oneOf", []):
        name = shape["$ref"].rpartition("/")[2]
        if name != "GatewayRefusal":
            error = document()["components"]["schemas"][name]["properties"]["error"]
            yield error["properties"]["code"]["const"]


def examples() -> Iterator[tuple[str, Any, Any]]:
    for _, _, operation in operations():
        contents = [response["content"] for response in operation["responses"].values()]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in contents:
            for name, example in content[JSON]["examples"].items():
                yield (
                    f"{operation['operationId']} {name}",
                    example["value"],
                    content[JSON]["schema"],
                )


def test_every_example_is_one():
    found = {name: [*problems_of(value, schema, closed=True)] for name, value, schema in examples()}

    assert len(found) > 20
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_example_of_a_checkout_is_taken(shop):
    """It adds up, too."""
    shop.memory.seed("stock", stock(), stock("shirt", sku="shirt#blue-m", price=30))
    _, operation = next((m, o) for m, _, o in operations() if o["operationId"] == CHECKOUT)
    example = operation["requestBody"]["content"][JSON]["examples"]["example"]["value"]

    answer = shop._api()(call(CHECKOUT, example), Context())

    assert answer["statusCode"] == 202
    documented = operation["responses"]["202"]["content"][JSON]["examples"]["accepted"]["value"]
    assert answer_of(answer) == documented


BAD = {
    "text for a number": checkout_payload() | {"totalAmount": "12.50"},
    "negative amount": checkout_payload() | {"totalAmount": -1},
    "amount beyond any catalogue": checkout_payload() | {"totalAmount": 10**9},
    "no items": checkout_payload() | {"items": []},
    "too many items": checkout_payload() | {"items": [line()] * 101},
    "no quantity": checkout_payload() | {"items": [{"productId": "mug", "price": 1}]},
    "quantity nought": checkout_payload() | {"items": [line(quantity=0)]},
    "quantity over the cap": checkout_payload() | {"items": [line(quantity=1001)]},
    "line break in a name": checkout_payload(customerName="Ada\nX"),
    "blank name": checkout_payload(customerName="\u3164 \u200b"),
    "name of tags": checkout_payload(customerName="\U000e0041"),
    "name that reads backwards": checkout_payload(customerName="Ada\u202e"),
    "address of blank lines": checkout_payload(customerAddress=" \n\u2060\n"),
    "control character in an address": checkout_payload(customerAddress="a\x00b"),
    "dot before the @": checkout_payload(customerEmail="jane.@x.de"),
    "domain in Unicode": checkout_payload(customerEmail="jane@b\xfccher.de"),
    "numeric domain": checkout_payload(customerEmail="jane@127.0.0.1"),
    "empty name": checkout_payload(customerName=""),
    "long name": checkout_payload(customerName="x" * 201),
    "long address": checkout_payload(customerAddress="x" * 501),
    "two recipients": checkout_payload(customerEmail="a@b.example,c@d.example"),
    "blank in an id": checkout_payload(paymentId="a b"),
    "long id": checkout_payload(paymentId="x" * 129),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_limit_of_the_code_is_a_limit_of_the_document(shop, body):
    values = json.loads(json.dumps(body, default=float))
    (taken,) = (
        operation["requestBody"]["content"][JSON]["schema"]
        for _, _, operation in operations()
        if operation["operationId"] == CHECKOUT
    )

    assert shop.checkout(body, shopper="user-1")["statusCode"] == 400
    assert [*problems_of(values, taken)] != []


@pytest.mark.parametrize(
    "changes",
    [
        {"customerAddress": "12 St James Square\r\nLondon"},
        {"customerName": " Ada\u00a0", "customerEmail": "ada@example.com "},
        {"customerEmail": "a@xn--e1afmkfd.xn--p1ai"},
        {
            "customerName": "\u0645\u062d\u0645\u062f \u0639\u0644\u06cc\u200c\u0632\u0627\u062f\u0647"
        },
    ],
)
def test_what_people_really_type_is_taken_and_the_document_allows_it(shop, changes):
    event = call(CHECKOUT, checkout_payload(**changes))

    answer = shop._api()(event, Context())

    assert answer["statusCode"] == 202
    check(event, answer)


def test_only_changing_an_order_always_takes_a_token():
    """The others are open in a stage without an authorizer."""
    security = {operation["operationId"]: operation["security"] for _, _, operation in operations()}

    assert security[CANCEL] == security[CORRECT] == [{"signedIn": []}]
    assert security[CHECKOUT] == security[STATUS] == [{"signedIn": []}, {}]
