"""The key of a trace is ours: an order's id, or the id of the event that began it (S43)."""

import pytest

from shared.contracts import catalog
from shared.contracts.envelope import validated
from shared.contracts.trace import named_correlation, own_trace, trace_in, trace_of
from tests.builders import checkout_command, envelope
from tests.order_ids import order_id_for

ORDER, OTHER = order_id_for("pay-1"), order_id_for("pay-2")
AUDIT = {"action": "a", "entityType": "mail", "entityId": "m-1"}
MAIL = {"to": "a@example.com", "subject": "s", "templateId": "t", "templateData": {}}
PUSH = {"userId": "user-1", "title": "t", "body": "b"}
UNITS = [{"productId": "mug", "quantity": 1}]


def event(event_type, payload, **changes):
    values = envelope(event_type, payload) | changes
    return validated(catalog.models()[event_type], values)


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [
        ("command.inventory.reserve", {"orderId": ORDER, "items": UNITS}),
        ("analytics.audit", AUDIT | {"entityType": "order", "entityId": ORDER}),
        ("analytics.audit", AUDIT | {"metadata": {"orderId": ORDER}}),
        ("notification.email", MAIL | {"templateData": {"orderId": ORDER}}),
        ("notification.push", PUSH | {"data": {"orderId": ORDER}}),
    ],
)
def test_an_event_about_an_order_belongs_to_that_orders_trace(event_type, payload):
    for said in ({}, {"correlationId": OTHER}, {"traceId": OTHER, "causationId": "evt-0"}):
        assert trace_of(event(event_type, payload, **said)) == ORDER


def test_a_checkout_names_no_order_so_its_decision_says_whose_trace_it_belongs_to():
    """Without the key, a payment's order is not to be known (S38)."""
    told = event("command.checkout", checkout_command()["payload"], correlationId=OTHER)

    assert trace_of(told) == told.event_id
    assert named_correlation(told, ORDER) == OTHER
    assert named_correlation(told, OTHER) is None


@pytest.mark.parametrize("chosen", ["corr-1", ORDER, "evt-9"])
@pytest.mark.parametrize(
    ("event_type", "payload"),
    [("notification.email", MAIL), ("analytics.audit", AUDIT), ("notification.push", PUSH)],
)
def test_a_correlation_id_is_no_key_whatever_it_is_equal_to(event_type, payload, chosen):
    told = event(event_type, payload, eventId="evt-1", correlationId=chosen)

    assert trace_of(told) == "evt-1"
    assert named_correlation(told, trace_of(told)) == chosen


def test_an_event_without_an_order_is_in_the_trace_that_its_cause_handed_on():
    told = event("analytics.audit", AUDIT, traceId=ORDER, causationId="evt-0", correlationId="c-1")

    assert trace_of(told) == ORDER
    assert named_correlation(told, trace_of(told)) is None


def test_an_event_id_that_looks_like_an_order_begins_no_trace_of_that_order():
    told = event("notification.email", MAIL, eventId=ORDER)

    assert trace_of(told) == own_trace(ORDER) != ORDER


@pytest.mark.parametrize(
    "order_id", ["shared-by-a-million", "ord_1", "ORD_" + ORDER[4:], ORDER + "0"]
)
def test_an_order_id_that_no_payment_can_have_is_no_key(order_id):
    payload = {"orderId": order_id, "items": UNITS}

    assert trace_of(event("command.inventory.reserve", payload, eventId="evt-1")) == "evt-1"


@pytest.mark.parametrize("odd", ["", "two words", "x" * 129, 7, None, {"a": 1}, "a\nb"])
def test_an_odd_trace_id_counts_as_left_out(odd):
    assert trace_of(event("analytics.audit", AUDIT, eventId="evt-1", traceId=odd)) == "evt-1"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"payload": {"templateData": {"orderId": ORDER}}, "traceId": OTHER}, ORDER),
        ({"payload": {"data": {"orderId": ORDER}}}, ORDER),
        ({"payload": {"templateData": {"orderId": "mine"}}, "traceId": OTHER}, OTHER),
        ({"payload": "text", "traceId": "a b"}, "evt-1"),
        ({}, "evt-1"),
    ],
)
def test_a_kept_event_tells_its_trace_in_the_same_way(values, key):
    assert trace_in(values, "evt-1") == key
