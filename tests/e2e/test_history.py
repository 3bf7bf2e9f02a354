"""What a shop looks at, on the deployed stack: the audit trail, the metrics, the dashboard."""

import json

import botocore.session
import pytest

from local.stack import logs
from shared.telemetry.metrics import METRICS
from tests.e2e.stack_client import cart, line

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cancelled(client, ops):
    """An order that was confirmed, then cancelled, then cancelled again; and its customer."""
    body = cart(line(client.shelf("e2e-history", 5), 2))
    order_id = client.check_out(body).json()["data"]["orderId"]
    assert client.settled(order_id)["status"] == "confirmed"
    client.quiet()
    for step in (
        ("confirm",),
        ("cancel", "--reason", "changed my mind"),
        ("cancel", "--reason", "x"),
    ):
        ops("order", step[0], order_id, *step[1:])
        client.quiet()
    return order_id, body


def test_the_history_of_an_order_tells_every_change_from_what_to_what(cancelled, ops):
    order_id, body = cancelled

    status, said = ops("history", "order", order_id)

    assert status == 0, said
    for told in (
        "order.created",
        "status: NONE -> PENDING",
        "status: PENDING -> CONFIRMED",
        "status: CONFIRMED -> CANCELLED",
        "order.cancelled.repeated",
        "status: none -> requested",
        "email.sent",
        "by operator admin",
    ):
        assert told in said, said
    assert ops("history", "order", body["paymentId"])[1] == said
    assert body["customerEmail"] not in said


def test_the_history_of_a_customer_finds_the_same_by_the_customer(cancelled, ops):
    order_id, body = cancelled

    status, said = ops("history", "user", body["userId"], "--json")

    assert status == 0, said
    entries = json.loads(said)["entries"]
    assert {entry["userId"] for entry in entries} == {body["userId"]}
    actions = [entry["action"] for entry in entries]
    assert "order.created" in actions[:2]
    assert {"refund.requested", "order.cancelled", "email.sent"} <= set(actions)
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    by_order = json.loads(ops("history", "order", order_id, "--json")[1])["entries"]
    assert {e["eventId"] for e in entries} == {e["eventId"] for e in by_order}


@pytest.fixture
def aws(stack):
    """A client of a service of the emulator."""
    opened = []

    def client(service):
        opened.append(
            botocore.session.Session().create_client(
                service,
                region_name=stack.aws.region,
                endpoint_url=stack.aws.endpoint_url,
                aws_access_key_id=stack.aws.access_key_id,
                aws_secret_access_key=stack.aws.secret_access_key,
            )
        )
        return opened[-1]

    yield client
    for found in opened:
        found.close()


def test_the_ways_to_the_order_and_to_the_mail_are_timed(cancelled, aws):
    """By machines with one clock, so never nought; and within what anybody would wait here."""
    for name in ("CheckoutToConfirmation", "CheckoutToMail"):
        times = [value for line_ in _metric_lines(aws) for value in line_.get(name, [])]

        assert times, name
        assert all(0 < milliseconds < 120_000 for milliseconds in times)


def test_everything_that_was_written_is_in_the_table_of_metrics(cancelled, aws):
    """With its unit, and dimensions from their closed sets."""
    for line_ in _metric_lines(aws):
        (directive,) = line_["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "OrderPipeline/local"
        (names,) = directive["Dimensions"]
        for written in directive["Metrics"]:
            metric = METRICS[written["Name"]]
            assert written["Unit"] == metric.unit
            assert set(names) == {"service", *metric.dimensions}
            assert line_["service"] in metric.written_by
            assert all(line_[name] in metric.values(name) for name in metric.dimensions)


def test_the_dashboard_is_there(aws):
    """Deployed like everything else; the emulator keeps what CloudWatch would draw."""
    board = aws("cloudwatch").get_dashboard(DashboardName="order-pipeline-local")
    body = json.loads(board["DashboardBody"])

    assert len(body["widgets"]) > 20
    arns = next(w["properties"]["alarms"] for w in body["widgets"] if w["type"] == "alarm")
    assert arns
    assert all(arn.startswith("arn:aws:cloudwatch:") for arn in arns)


def _metric_lines(aws):
    entries = logs.read(aws("logs"), 0)
    found = [json.loads(entry.message) for entry in entries if '"_aws"' in entry.message]
    assert found
    return found
