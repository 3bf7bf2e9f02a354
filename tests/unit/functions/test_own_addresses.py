"""Which deliveries are addressed to us: those for a configured address, in both its spellings."""

from typing import Any

import pytest

from shared.contracts.topics import Topic
from shared.kernel.settings import webhook_address
from tests.builders import Context, body_of, envelope, request
from tests.pipeline import API_URL, URLS, Pipeline
from tests.signing import sign

CUSTOM = "https://hooks.example.com/shop"
TOPICS = [topic.value for topic in Topic]


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


def call(shop: Pipeline, signed_for: str, *, path: str, topic: str, **headers: str) -> int:
    """The status of a delivery that is signed for an address; nobody knows the event's type."""
    body = body_of(envelope("nobody.knows", {}))
    token = sign(signed_for, body, shop.clock.now().timestamp())
    known = {"upstash-signature": token, "upstash-message-id": "msg_1", **headers}
    answer: dict[str, Any] = shop.consumer(topic)(
        request(body, headers=known, path=path), Context()
    )
    return int(answer["statusCode"])


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("topic", TOPICS)
def test_a_delivery_to_the_api_s_own_address_is_genuine(shop, topic, slash):
    """From the first deployment on: no deployer has said anything about addresses."""
    path = f"/api/webhooks/{topic}"

    status = call(shop, f"{API_URL}{path}{slash}", path=path, topic=topic)

    assert status == 489  # genuine, and of no use


@pytest.mark.parametrize("topic", TOPICS)
def test_where_the_shop_has_a_domain_of_its_own_every_address_goes_on_being_ours(shop, topic):
    shop.environ["QSTASH_WEBHOOK_BASE_URL"] = CUSTOM
    path = f"/api/webhooks/{topic}"
    addresses = (f"{API_URL}{path}", f"{CUSTOM}{path}", f"{CUSTOM}{path}/", URLS[topic])

    assert {call(shop, address, path=path, topic=topic) for address in addresses} == {489}


@pytest.mark.parametrize("signed_slash", ["", "/"])
@pytest.mark.parametrize("path_slash", ["", "/"])
@pytest.mark.parametrize(
    "base", [API_URL + "/api/webhooks/analytics", "https://analytics.example.com"]
)
def test_a_failure_callback_is_genuine_below_each_address(shop, base, path_slash, signed_slash):
    signed_for = f"{base}/failures{signed_slash}"

    status = call(shop, signed_for, path=f"/x/failures{path_slash}", topic="analytics")

    assert status == 489
    assert call(shop, signed_for, path="/", topic="analytics") == 401


@pytest.mark.parametrize(
    "address",
    [
        webhook_address(API_URL, "orders"),
        webhook_address(API_URL, "commands").upper(),
        webhook_address(API_URL, "commands") + "//",
        webhook_address(API_URL, "commands") + "?a=1",
        webhook_address(API_URL, "commands").replace("https", "http"),
        webhook_address("https://attacker.example.com", "commands"),
        webhook_address(f"{API_URL}.attacker.example.com", "commands"),
        API_URL,
        API_URL + "/",
        "/api/webhooks/commands",
    ],
)
def test_any_other_address_is_refused_whatever_host_the_request_names(shop, address):
    """The host in a request is whatever its sender writes there (S3)."""
    host = address.split("/")[2] if "://" in address else "api.example.com"
    named = {"host": host, "x-forwarded-host": host}

    assert call(shop, address, path="/api/webhooks/commands", topic="commands", **named) == 401
