"""Only names that a contract declares may stand in a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import analytics, commands
from shared.contracts.field_names import loggable

KNOWN = [
    "body",
    "eventId",
    "payload.items[0].quantity",
    "payload.totalAmount",
    "payload.dimensions",
    "content-type",
]


@pytest.mark.parametrize("path", KNOWN)
def test_a_declared_name_stays_as_it_is(path):
    assert commands.CheckoutCommand.model_fields  # what is loaded is what is declared
    assert analytics.MetricRecorded.model_fields
    assert loggable(path) == path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("payload.dimensions.jane@shop.example", "payload.dimensions.*.*"),
        ("payload.dimensions.Jane Doe.[key]", "payload.dimensions.*.[key]"),
        ("payload.data[17]x", "payload.*"),
        ("Jane[0]", "*[0]"),
        ("items[4915112345678]", "*"),
        ("", "*"),
        ("payload.items[0].payment_id", "payload.items[0].*"),
        ("a\nb", "*"),
    ],
)
def test_a_name_that_no_contract_declares_is_a_star(path, shown):
    assert loggable(path) == shown.replace("[key]", "*")


@given(st.text(max_size=40))
def test_whatever_a_key_is_nothing_of_it_is_left(key):
    shown = loggable(f"payload.dimensions.<{key}>")

    assert set(shown.removeprefix("payload.dimensions.")) <= set("*.[]0123456789") | set(
        "".join(part for part in key.split(".") if loggable(part) == part)
    )
