"""Audit trail and metrics: each once, nothing changed afterwards."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.analytics.settings import AnalyticsSettings
from shared.kernel.errors import ConfigurationError
from shared.telemetry.measurement import Measure
from tests.builders import answer_of, envelope
from tests.contracts.samples import sample
from tests.pipeline import Pipeline, environment, no_parameters


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


def test_audit_entry_is_kept_under_its_entity_in_time_order(shop):
    event = sample("analytics.audit")

    assert shop.deliver("analytics", event)["statusCode"] == 200

    (entry,) = shop.memory.all("audit")
    assert entry == {
        **event["payload"],
        "entity": f"order#{event['payload']['entityId']}",
        "entryId": f"2026-03-01T12:00:00.000Z#{event['eventId']}",
        "at": "2026-03-01T12:00:00.000Z",
        "eventId": event["eventId"],
        "source": "api",
        "correlationId": event["correlationId"],
        "causationId": event["causationId"],
    }


def test_audit_trail_of_an_entity_is_found_newest_first(shop):
    for day in (2, 1, 3):
        event = sample("analytics.audit") | {
            "eventId": f"evt-{day}",
            "timestamp": f"2026-03-0{day}T00:00:00Z",
        }
        shop.deliver("analytics", event)
    entity = str(shop.memory.all("audit")[0]["entity"])

    found = shop.memory.query("audit", entity, newest_first=True)

    assert [entry["eventId"] for entry in found] == ["evt-3", "evt-2", "evt-1"]


@pytest.mark.parametrize("with_redis", [True, False])
def test_audit_entry_under_the_id_of_another_is_refused_and_that_one_stays(shop, with_redis):
    shop.redis.down = not with_redis
    event = sample("analytics.audit")
    shop.deliver("analytics", event)
    before = shop.memory.all("audit")

    forged = event | {"payload": event["payload"] | {"action": "order.cancelled"}}
    assert answer_of(shop.deliver("analytics", forged))["error"]["code"] == "event_id_reused"

    assert shop.memory.all("audit") == before


def test_metric_is_written_with_its_dimensions(shop):
    shop.deliver("analytics", sample("analytics.metric"))

    assert shop.telemetry.measures == [
        Measure("checkout.duration", Decimal("1.25"), {"step": "payment"}, "None")
    ]


def test_metric_that_nobody_declared_is_counted_and_not_refused(shop):
    """The event's id stands in the log, nothing that it says; it opens no series."""
    payload = {"metric": "page.load", "value": Decimal("0.25"), "dimensions": {"page": "p-4711"}}

    response = shop.deliver("analytics", envelope("analytics.metric", payload))

    assert response["statusCode"] == 200
    (measure,) = shop.telemetry.measures
    assert (measure.name, measure.value, measure.dimensions) == ("UndeclaredMetrics", 1, {})
    assert measure.notes == {"event_id": "evt-1"}


def test_value_outside_the_declared_ones_is_other(shop):
    event = sample("analytics.metric")
    dimensions = {"step": "ord_4711", "orderId": "ord_4711"}

    shop.deliver("analytics", event | {"payload": event["payload"] | {"dimensions": dimensions}})

    (measure,) = shop.telemetry.measures
    assert measure.dimensions == {"step": "other"}


def test_declaration_that_makes_no_sense_stops_the_start():
    environ = environment() | {"OUTSIDE_METRICS": "Revenue"}

    with pytest.raises(ConfigurationError, match=r"OUTSIDE_METRICS: .*Revenue is a metric of the"):
        AnalyticsSettings.load(environ, no_parameters)


@given(st.lists(st.integers(0, 5), max_size=20), st.sets(st.integers(0, 19)))
def test_counters_are_a_recount_of_distinct_events(deliveries, flushes):
    """Duplicates, with a Redis that forgets at any moment (I23)."""
    shop = Pipeline()
    for index, number in enumerate(deliveries):
        if index in flushes:
            shop.redis.flush()
        payload = {"metric": "orders", "value": 1, "dimensions": {}}
        shop.deliver("analytics", envelope("analytics.metric", payload, eventId=f"evt-{number}"))

    assert sum(measure.value for measure in shop.telemetry.measures) == len(set(deliveries))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "1"}, "payload.value"),
        ({"value": True}, "payload.value"),
        ({"value": Decimal("1e109")}, "body"),
        ({"value": -(10**109)}, "body"),
        ({"metric": "9lives"}, "payload.metric"),
        ({"metric": "a b"}, "payload.metric"),
        ({"metric": ""}, "payload.metric"),
        ({"dimensions": {f"d{n}": "x" for n in range(9)}}, "payload.dimensions"),
        ({"dimensions": {"step": 1}}, "payload.dimensions.step"),
        ({"dimensions": {"step": "a\nb"}}, "payload.dimensions.step"),
    ],
)
def test_metric_that_breaks_a_rule_is_refused_for_good(shop, changes, field):
    event = sample("analytics.metric")

    response = shop.deliver("analytics", event | {"payload": event["payload"] | changes})

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == field
    assert shop.telemetry.measures == []
