"""What a template needs is checked by name before anything is rendered."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notifications.channels.email.template_data import TEMPLATES, cents, checked
from shared.contracts.envelope import path_of
from shared.kernel.errors import InvalidInputError
from shared.kernel.money import MAX_AMOUNT
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.pipeline import Pipeline
from tests.unit.functions.notifications.channels.email.test_rendering import DATA, LINES, ORDER

REQUIRED = [
    (template, path_of((field.alias,)))
    for template, model in TEMPLATES.items()
    for field in model.model_fields.values()
    if field.is_required() and field.alias is not None
]
TEXTS = [(t, name) for t, name in REQUIRED if isinstance(DATA[t][name], str)]
OPTIONAL = ["carrier", "trackingNumber", "trackingUrl"]
NO_TEXT: list[Any] = [None, {"first": "Ada"}, ["Ada"], 7, True, Decimal("1.5")]


def refused(template: str, data: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as error:
        checked(template, data)
    return error.value


def test_every_template_has_required_fields():
    assert {template for template, _ in REQUIRED} == set(TEMPLATES)


@pytest.mark.parametrize(("template", "name"), REQUIRED)
def test_missing_field_is_named(template, name):
    error = refused(template, {k: v for k, v in DATA[template].items() if k != name})

    assert (error.field, error.rule) == (f"payload.templateData.{name}", "is required")


@pytest.mark.parametrize(("template", "name"), TEXTS)
@pytest.mark.parametrize("value", NO_TEXT, ids=repr)
def test_what_is_no_text_is_refused_where_a_text_belongs(template, name, value):
    error = refused(template, {**DATA[template], name: value})

    assert (error.field, error.rule) == (f"payload.templateData.{name}", "must be text")


@pytest.mark.parametrize("name", OPTIONAL[:2])
@pytest.mark.parametrize("value", NO_TEXT[1:], ids=repr)
def test_what_is_no_text_is_refused_where_a_text_may_be(name, value):
    error = refused("order-shipped", {**ORDER, name: value})

    assert (error.field, error.rule) == (f"payload.templateData.{name}", "must be text")


def test_every_fault_is_named_at_once():
    error = refused("low-stock-alert", {"sku": None})

    fields = {error.field, *(field for field, _ in error.others)}
    names = ("productName", "sku", "currentStock", "threshold")
    assert fields == {f"payload.templateData.{name}" for name in names}


@pytest.mark.parametrize(
    ("items", "field", "rule"),
    [
        (None, "items", None),
        ({}, "items", None),
        ("mug", "items", None),
        ([None], "items[0]", None),
        ([["mug"]], "items[0]", None),
        ([{"productId": "mug", "price": 1}], "items[0].quantity", "is required"),
        ([{"productId": "mug", "quantity": 1}], "items[0].price", "is required"),
        ([{"quantity": 1, "price": 1}], "items[0]", "must have a productName or a productId"),
        ([{"productId": {}, "quantity": 1, "price": 1}], "items[0].productId", "must be text"),
        ([{"productId": 7, "quantity": 1, "price": 1}], "items[0].productId", "must be text"),
        (
            [{"productId": "m", "variationId": ["x"], "quantity": 1, "price": 1}],
            "items[0].variationId",
            "must be text",
        ),
        (
            [{"productId": "m", "quantity": "2", "price": 1}],
            "items[0].quantity",
            "must be a whole number",
        ),
        (
            [{"productId": "m", "quantity": True, "price": 1}],
            "items[0].quantity",
            "must be a whole number",
        ),
    ],
)
def test_fault_in_a_line_is_named_with_its_place(items, field, rule):
    error = refused("order-confirmation", {**ORDER, "items": items})

    assert error.field == f"payload.templateData.{field}"
    assert rule in (None, error.rule)


@pytest.mark.parametrize("amount", ["12.50", None, True, 12.5, [1], {}, MAX_AMOUNT + 1, -(10**9)])
def test_amount_that_is_no_number_in_range_is_refused_by_name(amount):
    total = refused("order-confirmation", {**ORDER, "totalAmount": amount})
    line = {"productId": "mug", "quantity": 1, "price": amount}
    price = refused("order-confirmation", {**ORDER, "items": [line]})

    assert total.field == "payload.templateData.totalAmount"
    assert price.field == "payload.templateData.items[0].price"
    assert total.rule.startswith("must be a number from")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.005", "0.01"),
        ("0.125", "0.13"),
        ("0.135", "0.14"),
        ("2.345", "2.35"),
        ("-0.125", "-0.13"),
        ("74.69999999999999", "74.70"),
        ("6.300000000000001", "6.30"),
        ("3.0149999999999997", "3.02"),
        ("0.0049", "0.00"),
        ("-0.001", "0.00"),
        ("12", "12.00"),
    ],
)
def test_half_a_cent_is_shown_as_a_cent_and_binary_noise_not_at_all(amount, shown):
    assert str(cents(Decimal(amount))) == shown


@given(st.integers(0, 10**10 - 1), st.floats(-4e-7, 4e-7))
def test_what_is_next_to_whole_cents_is_those_cents(whole, noise):
    exact = Decimal(whole) / 100

    assert cents(exact + Decimal(noise)) == exact


def test_fields_that_a_template_does_not_show_are_left_alone():
    extra = {"couponCode": None, "customer": {"id": 7}, "items": [{**LINES[0], "tax": {}}]}

    assert "couponCode" not in checked("order-confirmation", {**ORDER, **extra})


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_field_that_is_null_is_left_out(name):
    assert checked("order-shipped", {**ORDER, name: None}) == checked("order-shipped", ORDER)


def test_empty_name_of_a_product_is_none():
    line = {"productId": "mug", "productName": "\u200b", "quantity": 1, "price": 1}

    assert (
        "productName" not in checked("order-confirmation", {**ORDER, "items": [line]})["items"][0]
    )


def test_mail_that_cannot_be_rendered_is_refused_for_good_and_never_claimed():
    shop, event = Pipeline(), sample("notification.email")
    data = {**event["payload"]["templateData"], "customerName": None}

    response = shop.deliver(
        "notifications", {**event, "payload": {**event["payload"], "templateData": data}}
    )

    assert response["statusCode"] == 489
    error = answer_of(response)["error"]
    assert error["field"] == "payload.templateData.customerName"
    assert error["message"] == "payload.templateData.customerName: must be text"
    assert shop.mailer.sent == []
    assert shop.memory.all("notifications") == []


STRANGER = "Win at http://evil.example/\u202e\u200b now, www.evil.example or a@evil.example"
# A bare domain, without anything else by which to tell it from a name.
BARE = ["evil.example", "Visit evil.example", "\u0909.\u092d\u093e\u0930\u0924", "evil\u3002com"]
SHOWN = [
    (template, name)
    for template, data in DATA.items()
    for name in (*data, *(OPTIONAL[:2] if template == "order-shipped" else ()))
    if isinstance(data.get(name, ""), str)
    and name in {f.alias for f in TEMPLATES[template].model_fields.values()}
]


@pytest.mark.parametrize(("template", "field"), SHOWN)
def test_no_link_and_nothing_invisible_of_a_stranger_is_repeated(template, field):
    shown = str(checked(template, {**DATA[template], field: STRANGER})[field])

    assert not any(part in shown for part in ("://", "evil.example", "@", "\u202e", "\u200b"))
    assert shown.startswith("Win at http: //evil. example")


@pytest.mark.parametrize(("template", "field"), SHOWN)
@pytest.mark.parametrize("domain", BARE)
def test_a_bare_domain_is_taken_apart_in_whatever_a_mail_shows(template, field, domain):
    assert domain not in str(checked(template, {**DATA[template], field: domain})[field])


@pytest.mark.parametrize("field", ["productName", "productId", "variationId"])
@pytest.mark.parametrize("domain", [*BARE, STRANGER])
def test_a_bare_domain_is_taken_apart_in_a_line_too(field, domain):
    """An id may hold dots, and an unknown product is called by its id."""
    (line,) = checked("order-confirmation", {**ORDER, "items": [{**LINES[0], field: domain}]})[
        "items"
    ]

    assert domain not in line[field]


def test_every_text_that_a_template_shows_is_tried_above():
    assert {(t, n) for t, n in TEXTS if n != "reason"} <= set(SHOWN)
    assert ("order-rejected", "reason") in SHOWN
    assert {("order-shipped", "carrier"), ("order-shipped", "trackingNumber")} <= set(SHOWN)


def test_what_is_longer_than_a_name_is_cut():
    data = checked("order-confirmation", {**ORDER, "customerName": "A" * 200})

    assert data["customerName"] == "A" * 79 + "…"


@pytest.mark.parametrize(
    "subject",
    [
        "Visit http://evil.example",
        "evil.example",
        "a@evil.example",
    ],
)
def test_a_subject_repeats_no_link_either(subject):
    """Programs of the shop write subjects of their own, maybe with a name in it."""
    shop = Pipeline()
    event = sample("notification.email")

    shop.deliver("notifications", event | {"payload": event["payload"] | {"subject": subject}})

    (mail,) = shop.mailer.sent
    assert not any(part in mail.subject for part in ("://", "evil.example", "@"))


def test_a_subject_of_ours_is_sent_as_it_is():
    shop = Pipeline()
    shop.deliver("notifications", sample("notification.email"))

    assert shop.mailer.sent[0].subject == sample("notification.email")["payload"]["subject"]
