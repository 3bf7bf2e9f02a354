"""Pushes: once to every device of a user, whatever becomes of the others."""

from typing import Any

import pytest

from functions.notifications.channels.push.devices import MOST_ENDPOINTS, DeviceTables
from functions.notifications.channels.push.message import endpoint_arn, message_of
from functions.notifications.send_ledger import CLAIM_SECONDS
from shared.kernel.errors import DependencyError, InvalidInputError
from shared.kernel.strict_json import loads
from shared.storage.writes import ConditionsFailed
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

EVENT = sample("notification.push")
USER = EVENT["payload"]["userId"]


def arn(number: int, platform: str = "GCM") -> str:
    device = f"5e3e9847-3183-3f18-a7e8-{number:012x}"
    return f"arn:aws:sns:eu-west-1:123456789012:endpoint/{platform}/shop/{device}"


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


@pytest.fixture
def devices(shop) -> DeviceTables:
    return DeviceTables(shop.memory, shop.clock)


def deliver(shop: Pipeline, **changes: Any) -> dict[str, Any]:
    """A new attempt without Redis' help."""
    shop.redis.flush()
    event = {**EVENT, "payload": {**EVENT["payload"], **changes}}
    return shop.deliver("notifications", event)


def states(shop: Pipeline) -> dict[str, str]:
    """Endpoint to state."""
    rows = shop.memory.all("notifications")
    return {str(row["to"]): str(row["state"]) for row in rows if "event" in row}


def told(shop: Pipeline) -> list[dict[str, Any]]:
    return [loads(m.body.encode(), max_bytes=10_000)["payload"] for m in shop.outbox.messages]


def test_user_without_a_device_is_an_outcome_and_no_error(shop):
    assert deliver(shop)["statusCode"] == 200
    assert answer_of(deliver(shop))["duplicate"] is True

    (audit,) = told(shop)
    assert (audit["action"], audit["newState"]) == ("push.no_endpoint", {"status": "no_endpoint"})
    assert shop.memory.all("notifications") == []
    assert shop.memory.all("ledger")[0]["outcome"] == "no_endpoint"


def test_every_device_gets_it_once(shop, devices):
    assert [devices.register(USER, arn(n)) for n in (1, 2)] == [True, True]

    assert [deliver(shop)["statusCode"] for _ in range(2)] == [200, 200]
    shop.memory._rows["ledger"].clear()
    assert deliver(shop)["statusCode"] == 200

    assert [push.endpoint for push in shop.pushes.sent] == [arn(1), arn(2)]
    assert states(shop) == {arn(1): "sent", arn(2): "sent"}
    assert told(shop)[0]["action"] == "push.sent"
    assert told(shop)[0]["metadata"] == {
        "userId": USER,
        "unknown": "0",
        "sent": "2",
        "removed": "0",
        "actor": {"kind": "system", "id": "notifications"},
    }


def test_throttled_device_is_tried_again_and_the_others_are_not(shop, devices):
    for number in (1, 2, 3):
        devices.register(USER, arn(number))
    shop.pushes.modes[arn(2)] = "throttled"
    assert deliver(shop)["statusCode"] == 503
    assert states(shop) == {arn(1): "sent", arn(2): "failed"}

    shop.pushes.modes.clear()
    assert deliver(shop)["statusCode"] == 200
    assert [push.endpoint for push in shop.pushes.sent] == [arn(1), arn(2), arn(3)]


def test_device_that_is_refused_does_not_keep_it_from_the_others(shop, devices):
    for number in (1, 2):
        devices.register(USER, arn(number))
    shop.pushes.modes[arn(1)] = "refused"

    response = deliver(shop)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "message_refused"
    assert states(shop) == {arn(1): "failed", arn(2): "sent"}


def test_device_that_is_gone_is_unregistered_and_that_is_no_failure(shop, devices):
    for number in (1, 2):
        devices.register(USER, arn(number))
    shop.pushes.modes[arn(1)] = "gone"

    assert deliver(shop)["statusCode"] == 200
    assert devices.of(USER).endpoints == (arn(2),)
    assert states(shop) == {arn(1): "suppressed", arn(2): "sent"}
    assert told(shop)[0]["metadata"]["removed"] == "1"


def test_user_whose_only_device_is_gone_has_none(shop, devices):
    devices.register(USER, arn(1))
    shop.pushes.mode = "gone"

    assert deliver(shop)["statusCode"] == 200
    assert devices.of(USER).endpoints == ()
    assert told(shop)[0]["action"] == "push.no_endpoint"


def test_device_registered_while_another_is_found_gone_is_kept(shop, devices):
    devices.register(USER, arn(1))

    class Registering:
        def send(self, push: Any) -> str:
            devices.register(USER, arn(2))
            return str(inner.send(push))

    inner = shop.pushes
    inner.modes[arn(1)] = "gone"
    shop.pushes = Registering()

    assert deliver(shop)["statusCode"] == 200
    assert devices.of(USER).endpoints == (arn(2),)
    assert [push.endpoint for push in inner.sent] == [arn(2)]


@pytest.mark.parametrize(("mode", "sent"), [("lost_reply", 1), ("timeout", 0)])
def test_push_that_nobody_knows_the_end_of_is_unknown_and_never_repeated(shop, devices, mode, sent):
    devices.register(USER, arn(1))
    shop.pushes.mode = mode
    assert deliver(shop)["statusCode"] == 200

    shop.pushes.mode = "ok"
    deliver(shop)
    assert states(shop) == {arn(1): "unknown"}
    assert len(shop.pushes.sent) == sent
    assert [audit["action"] for audit in told(shop)] == ["push.unknown"]
    assert [measure.name for measure in shop.telemetry.measures] == ["PushUnknown"]


def test_run_killed_between_two_devices_leaves_one_in_doubt_and_repeats_none(shop, devices):
    for number in (1, 2):
        devices.register(USER, arn(number))
    # devices, content, claim, suppressed?, and then the word about the first device is lost
    faults = Faults({(4, "before"): lambda: DependencyError("timeout")})
    shop.tables = faults.wrap("tables", shop.memory)
    assert deliver(shop)["statusCode"] == 503
    shop.tables = shop.memory
    assert states(shop) == {arn(1): "claimed"}

    assert deliver(shop)["statusCode"] == 503
    assert states(shop) == {arn(1): "claimed", arn(2): "sent"}
    shop.clock.advance(CLAIM_SECONDS)
    assert deliver(shop)["statusCode"] == 200

    assert states(shop) == {arn(1): "unknown", arn(2): "sent"}
    assert [push.endpoint for push in shop.pushes.sent] == [arn(1), arn(2)]
    assert told(shop)[0]["action"] == "push.unknown"


# ------------------------------------------------------------------ what a device is shown
def test_message_has_a_form_for_each_platform():
    forms = loads(
        message_of("Hi", "It left", {"orderId": "ord_1", "n": 2}).encode(), max_bytes=9999
    )

    assert forms["default"] == "It left"
    assert loads(forms["GCM"].encode(), max_bytes=9999) == {
        "notification": {"title": "Hi", "body": "It left"},
        "data": {"orderId": "ord_1", "n": "2"},
    }
    assert loads(forms["APNS"].encode(), max_bytes=9999) == {
        "aps": {"alert": {"title": "Hi", "body": "It left"}},
        "data": {"orderId": "ord_1", "n": 2},
    }
    assert forms["APNS_SANDBOX"] == forms["APNS"]


def test_data_cannot_pose_as_what_the_platform_obeys():
    forms = loads(message_of("Hi", "Ho", {"aps": {"alert": "no"}}).encode(), max_bytes=9999)

    apple = loads(forms["APNS"].encode(), max_bytes=9999)
    assert apple["aps"] == {"alert": {"title": "Hi", "body": "Ho"}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "t" * 101}, "payload.title"),
        ({"body": "b" * 1001}, "payload.body"),
        ({"data": {"x": "y" * 4096}}, "payload.data"),
        ({"title": "a\nb"}, "payload.title"),
    ],
)
def test_message_that_no_device_takes_is_refused_for_good(shop, devices, changes, field):
    devices.register(USER, arn(1))

    response = deliver(shop, **changes)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == field
    assert shop.pushes.sent == []
    assert states(shop) == {}


# ------------------------------------------------------------------ registrations
@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:sns:eu-west-1:123456789012:alarms",
        "arn:aws:sns:eu-west-1:123456789012:app/GCM/shop",
        arn(1).replace("eu-west-1", "*"),
        arn(1).replace("123456789012", "1234"),
        arn(1).replace(":sns:", ":sqs:"),
        arn(1) + "\n",
        arn(1) + "/x",
        "+4915112345678",
    ],
)
def test_what_is_no_endpoint_of_a_device_is_not_registered(shop, devices, text):
    with pytest.raises(InvalidInputError, match="must be an endpoint of SNS"):
        devices.register(USER, text)
    assert shop.memory.all("notifications") == []


@pytest.mark.parametrize("platform", ["GCM", "APNS", "APNS_SANDBOX"])
def test_endpoint_is_an_endpoint_in_every_partition(platform):
    assert endpoint_arn(arn(1, platform))
    assert endpoint_arn(arn(1).replace("arn:aws:", "arn:aws-us-gov:").replace("eu-w", "us-gov-w"))


def test_registering_and_removing_twice_changes_nothing(devices):
    assert [devices.register(USER, arn(1)) for _ in range(2)] == [True, False]
    assert [devices.remove(USER, arn(1)) for _ in range(2)] == [True, False]
    assert devices.of(USER).endpoints == ()
    assert devices.register(USER, arn(2))


def test_change_that_was_overtaken_stores_nothing(shop, devices):
    devices.register(USER, arn(1))
    read = devices.of(USER)
    devices.register(USER, arn(2))

    with pytest.raises(ConditionsFailed):
        shop.memory.transact([devices.without(read, [arn(1)])])
    assert devices.of(USER).endpoints == (arn(1), arn(2))


def test_user_has_so_many_devices_and_no_more(devices):
    for number in range(MOST_ENDPOINTS):
        devices.register(USER, arn(number))

    with pytest.raises(InvalidInputError, match="at most"):
        devices.register(USER, arn(99))


def test_push_is_shown_without_what_cannot_be_seen_and_in_its_own_lines(shop, devices):
    devices.register(USER, arn(1))

    deliver(shop, title="Your\u200e order\u200b", body="It left.\n\u2066Today\x07")

    (push,) = shop.pushes.sent
    shown = loads(push.message.encode(), max_bytes=10_000)
    assert shown["default"] == "It left.\nToday "
    google = loads(shown["GCM"].encode(), max_bytes=10_000)["notification"]
    assert google == {"title": "Your order", "body": "It left.\nToday "}
