"""A report of a failure may come from any program: only a topic of ours is logged (S34)."""

import pytest

from tests.contracts.samples import sample
from tests.pipeline import Pipeline


@pytest.mark.parametrize(
    ("topic", "logged"),
    [("orders", "orders"), ("Ada Example", "other"), ("ORDERS", "other")],
)
def test_the_topic_that_a_report_names_is_logged_if_it_is_one_of_ours(topic, logged):
    shop = Pipeline()
    event = sample("analytics.dlq")
    event["payload"]["originalTopic"] = topic

    shop.deliver("analytics", event)

    topics = [fields["topic"] for _, fields in shop.telemetry.lines if "topic" in fields]
    assert topics == [logged]
