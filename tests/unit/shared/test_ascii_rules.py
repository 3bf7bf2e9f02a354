"""Rules that mean ASCII digits and letters take no others, and no line break behind them."""

import pytest

from shared.contracts.analytics import MetricPayload
from shared.contracts.envelope import Event, WireModel, validated
from shared.contracts.notifications import SmsPayload
from shared.contracts.orders import ShippedPayload
from shared.kernel.errors import InvalidInputError
from shared.kernel.strict_json import dumps
from shared.messaging.claims import ClaimFormat, ClaimState
from shared.messaging.dead_letters.failure_callback import decode
from tests.builders import MOMENT, order_row
from tests.fakes.clock import ManualClock

ARABIC = "\u0661\u0662\u0663\u0664\u0665\u0666\u0667"
SHIPPED = {
    name: value
    for name, value in order_row().items()
    if name in {"orderId", "userId", "items", "totalAmount", "status"}
    or name.startswith("customer")
}


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (SmsPayload, {"phoneNumber": f"+4{ARABIC}", "message": "m"}, "phoneNumber"),
        (SmsPayload, {"phoneNumber": "+491701234567\n", "message": "m"}, "phoneNumber"),
        (SmsPayload, {"phoneNumber": "+\uff14\uff1912345678", "message": "m"}, "phoneNumber"),
        (MetricPayload, {"metric": "orders\n", "value": 1, "dimensions": {}}, "metric"),
        (MetricPayload, {"metric": "\u212aelvin", "value": 1, "dimensions": {}}, "metric"),
        (ShippedPayload, SHIPPED | {"trackingUrl": f"https://x.de:{ARABIC[:2]}/"}, "trackingUrl"),
        (ShippedPayload, SHIPPED | {"trackingUrl": "https://x.de/\n"}, "trackingUrl"),
        (ShippedPayload, SHIPPED | {"orderId": f"ord_{ARABIC}"}, "orderId"),
        (ShippedPayload, SHIPPED | {"orderId": "ord_1\n"}, "orderId"),
        (ShippedPayload, SHIPPED | {"userId": "user-\u0661"}, "userId"),
    ],
)
def test_a_field_for_ascii_takes_nothing_else(model: type[WireModel], values, field):
    with pytest.raises(InvalidInputError) as refused:
        validated(model, values)

    assert refused.value.field == field
    assert refused.value.others == ()


@pytest.mark.parametrize("version", ["1.\u0660", "\u0661.0", "x1.0", "1.0x", "1.0\n"])
def test_a_version_is_ascii_even_to_who_reads_the_class_alone(version):
    values = {"eventId": "e", "eventType": "t", "timestamp": MOMENT, "source": "api", "payload": {}}

    with pytest.raises(InvalidInputError) as refused:
        validated(Event, values | {"version": version})

    assert refused.value.field == "version"


def test_a_lease_in_other_digits_was_not_written_by_us():
    claims = ClaimFormat(scope="test", secret=b"secret")

    assert claims.read("e", "l:token:\u0665\u0660\u0660\u0660", 1).state is ClaimState.UNKNOWN
    assert claims.read("e", "l:token:5000", 1).state is ClaimState.BUSY


@pytest.mark.parametrize(
    ("retried", "attempts"), [("3", 3), (3, 3), ("\u0663", 0), ("\u00b2", 0), ("3\n", 0)]
)
def test_a_callback_s_counts_are_ascii(retried, attempts):
    body = dumps({"sourceMessageId": "msg_1", "retried": retried}).encode()

    assert decode(body, now=ManualClock().now()).payload.retry_count == attempts


@pytest.mark.parametrize("event_type", ["\u3164", " ", "a\u202eb", "a\nb", "\u0301"])
def test_a_dead_letter_of_an_unreadable_type_is_kept_all_the_same(event_type):
    body = dumps(
        {"sourceMessageId": "msg_1", "sourceHeader": {"X-Event-Type": event_type}}
    ).encode()

    assert decode(body, now=ManualClock().now()).payload.original_event_type == "unknown"


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "\u202e"])
def test_a_name_of_the_sender_s_own_breaks_no_line_where_it_is_told(name):
    with pytest.raises(InvalidInputError) as refused:
        validated(MetricPayload, {"metric": "m", "value": 1, "dimensions": {name: "v"}})

    assert refused.value.field.isprintable()
