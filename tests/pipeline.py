"""The whole pipeline in one process: every function over in-memory ports, QStash's part by hand."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.analytics.settings import AnalyticsSettings
from functions.analytics.wiring import build as build_analytics
from functions.checkout.api import CheckoutApi
from functions.checkout.settings import CheckoutSettings
from functions.checkout.wiring import build as build_checkout
from functions.commands.settings import CommandsSettings
from functions.commands.wiring import build as build_commands
from functions.inventory.settings import InventorySettings
from functions.inventory.wiring import build as build_inventory
from functions.notifications.channels.registry import Senders
from functions.notifications.settings import NotificationsSettings
from functions.notifications.wiring import build as build_notifications
from functions.orders.settings import OrdersSettings
from functions.orders.wiring import build as build_orders
from shared.contracts.channels import EMAIL, PUSH, SMS
from shared.contracts.topics import Topic
from shared.messaging.claims import Claims
from shared.messaging.compose import Ports
from shared.messaging.consumer import Handler
from shared.messaging.outbox import Outbound
from shared.messaging.ports import CorePorts, Publisher
from shared.messaging.signature import RotatingKeys, SigningKeys, Verifier
from shared.messaging.standard_webhooks import sign as sign_request
from shared.storage.ports import Tables
from tests.builders import Context, body_of, request, vouched
from tests.fakes.claims import InMemoryClaims
from tests.fakes.clock import ManualClock
from tests.fakes.mailer import InMemoryMailer
from tests.fakes.messages import InMemoryPushSender, InMemorySmsSender
from tests.fakes.publisher import RecordingPublisher
from tests.fakes.tables import InMemoryTables
from tests.fakes.telemetry import RecordingTelemetry
from tests.order_ids import ORDER_ID_KEY
from tests.signing import CHECKOUT_KEY, CURRENT_KEY, NEXT_KEY, sign

URLS = {topic.value: f"https://{topic.value}.example.com/" for topic in Topic}
API_URL = "https://api.example.com"


def environment() -> dict[str, str]:
    """A complete environment for every function."""
    tables = (
        "ledger",
        "orders",
        "stock",
        "checkouts",
        "notifications",
        "movements",
        "audit",
        "reservations",
        "allowances",
    )
    return {
        "STAGE": "test",
        "QSTASH_TOKEN": "token-for-tests",
        "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
        "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
        "ORDER_ID_KEY": ORDER_ID_KEY,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SENDER_ADDRESS": "orders@shop.example",
        "SES_CONFIGURATION_SET": "orders",
        "ALERT_ADDRESS": "stock@shop.example",
        # Tests of many orders have one customer; the cap has tests of its own.
        "MAILS_PER_HOUR": "1000",
        "TABLE_DEAD_LETTERS": "dead_letters",
        "STOREFRONT_AUTH": "none",
        "CHECKOUT_TRUST": "open",
        "MAX_UNITS_PER_ORDER": "1000000",
        "UNITS_PER_ADDRESS_HOUR": "100000000",
        "OUTSIDE_METRICS": "checkout.duration:step=payment,PageViews:page=home,orders,Visits",
        **{f"{topic.upper()}_URL": url for topic, url in URLS.items()},
        "API_URL": API_URL,
        **{f"TABLE_{name.upper()}": name for name in tables},
    }


def no_parameters(_names: list[str]) -> Mapping[str, str]:
    """A parameter store with nothing in it."""
    return {}


class Pipeline:
    """Every function over shared ports.

    Deliveries are signed and posted as QStash does; ``drain`` delivers what was published until
    nothing is left that is due: a delay counts from the drain that first meets the message.
    """

    def __init__(
        self,
        *,
        tables: Tables | None = None,
        claims: Claims | None = None,
        publisher: Publisher | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.memory = InMemoryTables()
        self.tables: Tables = tables or self.memory
        self.redis = InMemoryClaims(self.clock)
        self.claims: Claims = claims or self.redis
        self.outbox = RecordingPublisher()
        self.publisher: Publisher = publisher or self.outbox
        self.telemetry = RecordingTelemetry()
        self.mailer = InMemoryMailer()
        self.texts = InMemorySmsSender()
        self.pushes = InMemoryPushSender()
        keys = SigningKeys(CURRENT_KEY.encode(), NEXT_KEY.encode())
        self.verify = Verifier(RotatingKeys(lambda: keys, self.clock), self.clock)
        self.environ = environment()
        # As a connection, it is one of a laptop.
        self.identify = None
        self._delivered = 0
        self._delayed: list[tuple[datetime, Outbound]] = []

    def ports(self) -> Ports:
        """The ports that a consumer is built from."""
        return Ports(
            tables=self.tables,
            claims=self.claims,
            publisher=self.publisher,
            verify=self.verify,
            clock=self.clock,
            telemetry=self.telemetry,
            jitter=random.Random(7).random,
        )

    def consumer(self, topic: str) -> Handler:
        """The function of a topic, built afresh as a cold start does."""
        environ, ports = self.environ, self.ports()
        # Each settings class reads the same environment and takes what it knows.
        match topic:
            case "commands":
                return build_commands(CommandsSettings.load(environ, no_parameters), ports)
            case "orders":
                return build_orders(OrdersSettings.load(environ, no_parameters), ports)
            case "inventory":
                return build_inventory(InventorySettings.load(environ, no_parameters), ports)
            case "notifications":
                settings = NotificationsSettings.load(environ, no_parameters)
                return build_notifications(settings, ports, self.senders())
            case _:
                return build_analytics(AnalyticsSettings.load(environ, no_parameters), ports)

    def senders(self) -> Senders:
        """What mail, texts and pushes leave through."""
        return {EMAIL: self.mailer, SMS: self.texts, PUSH: self.pushes}

    def deliver(
        self, topic: str, event: dict[str, Any] | bytes, *, retried: int = 0, suffix: str = ""
    ) -> dict[str, Any]:
        """One signed delivery, and the function's answer."""
        body = event if isinstance(event, bytes) else body_of(event)
        url = URLS[topic] + suffix
        headers = {
            "upstash-signature": sign(url, body, self.clock.now().timestamp()),
            "upstash-message-id": "msg_1",
            "upstash-retried": str(retried),
        }
        call = request(body, headers=headers, path=f"/{suffix}")
        return self.consumer(topic)(call, Context())

    def send(self, message: Outbound, *, retried: int = 0) -> dict[str, Any]:
        """Deliver a published message."""
        return self.deliver(message.topic.value, message.body.encode(), retried=retried)

    def drain(self) -> list[tuple[str, int]]:
        """Deliver everything published so far and what that publishes; type and status of each."""
        return [
            (message.event_type, int(self.send(message)["statusCode"])) for message in self._due()
        ]

    def _due(self) -> Iterator[Outbound]:
        now = self.clock.now()
        while True:
            late = [message for due, message in self._delayed if due <= now]
            self._delayed = [entry for entry in self._delayed if entry[0] > now]
            yield from late
            if self._delivered == len(self.outbox.messages):
                return
            message = self.outbox.messages[self._delivered]
            self._delivered += 1
            if message.delay:
                self._delayed.append((now + timedelta(seconds=message.delay), message))
            else:
                yield message

    def sign_in(self) -> None:
        """From now on an authorizer stands before the storefront's routes."""
        self.environ["STOREFRONT_AUTH"] = "jwt"

    def sign_checkouts(self, key: str = CHECKOUT_KEY) -> None:
        """From now on the shop's server signs, and nothing else is taken."""
        self.environ |= {"CHECKOUT_TRUST": "signed", "CHECKOUT_CURRENT_SIGNING_KEY": key}

    def signed(self, body: bytes, *, key: str = CHECKOUT_KEY, message_id: str = "msg-1") -> Any:
        """The headers with which the shop's server sends this body now."""
        now = self.clock.now().timestamp()
        return sign_request(body, key=key, message_id=message_id, now=now)

    def checkout(
        self,
        body: dict[str, Any] | bytes,
        *,
        headers: dict[str, str] | None = None,
        shopper: str | None = None,
    ) -> dict[str, Any]:
        """POST to the public API, by somebody whom the authorizer vouches for if one is named."""
        data = body if isinstance(body, bytes) else body_of(body)
        call = request(data, headers=headers, path="/api/checkout")
        return self._api()(vouched(call, shopper), Context())

    def status(self, order_id: str, *, shopper: str | None = None) -> dict[str, Any]:
        """GET the status of a checkout."""
        call = request(b"", path=f"/api/checkout/{order_id}", method="GET")
        call["pathParameters"] = {"orderId": order_id}
        return self._api()(vouched(call, shopper), Context())

    def cancel(
        self,
        order_id: str,
        body: dict[str, Any] | bytes = b"{}",
        *,
        headers: dict[str, str] | None = None,
        shopper: str | None = None,
    ) -> dict[str, Any]:
        """POST a cancellation."""
        data = body if isinstance(body, bytes) else body_of(body)
        call = request(data, headers=headers, path=f"/api/checkout/{order_id}/cancel")
        call["pathParameters"] = {"orderId": order_id}
        return self._api()(vouched(call, shopper), Context())

    def correct(
        self,
        order_id: str,
        body: dict[str, Any] | bytes,
        *,
        headers: dict[str, str] | None = None,
        shopper: str | None = None,
    ) -> dict[str, Any]:
        """POST a correction of contact data."""
        data = body if isinstance(body, bytes) else body_of(body)
        call = request(data, headers=headers, path=f"/api/checkout/{order_id}/contact")
        call["pathParameters"] = {"orderId": order_id}
        return self._api()(vouched(call, shopper), Context())

    def core_ports(self) -> CorePorts:
        """The ports of functions that are not a topic's consumer."""
        return CorePorts(
            tables=self.tables,
            publisher=self.publisher,
            clock=self.clock,
            telemetry=self.telemetry,
        )

    def _api(self) -> CheckoutApi:
        settings = CheckoutSettings.load(self.environ, no_parameters)
        return build_checkout(
            settings, self.core_ports(), lambda: CheckoutSettings.load(self.environ, no_parameters)
        )
