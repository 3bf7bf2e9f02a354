"""One test's own world: empty tables on the emulator, claims in Redis, and the pipeline over them."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.adapters.attributes import from_attributes
from shared.adapters.aws.json_client import DYNAMODB
from shared.adapters.aws.port import AwsClient
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.adapters.redis_claims import RedisClaims
from shared.messaging.claims import ClaimFormat, Claims
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables
from shared.storage.writes import Item, Put
from tests.builders import checkout_command, stock
from tests.conformance.live import LivePipeline, WallClock
from tests.order_ids import order_id_for
from tests.services import Services, unique


@dataclass
class World:
    """What a test builds its functions from, and where it looks afterwards."""

    services: Services
    client: Any
    aws: AwsClient
    names: dict[str, str]
    _stack: ExitStack
    prefix: str = field(default_factory=lambda: unique("world") + ":")

    @property
    def tables(self) -> DynamoDBTables:
        """The store as the functions have it."""
        return DynamoDBTables(self.aws, self.names)

    def claims(self, url: str = "", *, patient: bool = False) -> RedisClaims:
        """The fast path as the functions have it, at another address if one is given.

        Args:
            patient: wait longer than a function would, where twenty threads of this process share
                two processors and it matters what Redis says.
        """
        client = self._stack.enter_context(self.services.redis(url))
        if patient:
            waits = {"socket_timeout": 10.0, "socket_connect_timeout": 10.0}
            client.connection_pool.connection_kwargs.update(waits)
        return RedisClaims(
            client,
            ClaimFormat("test/consumer", b"secret"),
            WallClock(),
            new_token=lambda: secrets.token_hex(8),
            key_prefix=self.prefix,
        )

    def pipeline(
        self,
        *,
        tables: Tables | None = None,
        claims: Claims | None = None,
        publisher: Publisher | None = None,
        milliseconds: int = 30_000,
    ) -> LivePipeline:
        """Every function over these tables and this Redis, unless a port is given."""
        return LivePipeline(
            tables=tables or self.tables,
            claims=claims or self.claims(),
            publisher=publisher,
            milliseconds=milliseconds,
        )

    def seed(self, *rows: Mapping[str, Any]) -> None:
        """Fill shelves."""
        self.tables.transact([Put("stock", row) for row in rows or (stock(),)])

    def rows(self, table: str) -> list[Item]:
        """Everything in a table."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.names[table], ConsistentRead=True
        )
        return [from_attributes(item) for page in pages for item in page["Items"]]

    def available(self, sku: str = "mug") -> int:
        """Units on the shelf."""
        row = self.tables.get("stock", {"sku": sku}) or {}
        return int(str(row["available"]))

    def record(self, consumer: str, event_id: str) -> Item | None:
        """The ledger's record of an event."""
        return self.tables.get("ledger", {"id": f"{consumer}#{event_id}"})

    def flush_redis(self) -> None:
        """Redis forgets everything."""
        with self.services.redis() as client:
            client.flushall()


@contextmanager
def new_world(services: Services, client: Any) -> Iterator[World]:
    """A world, and an end to its connections."""
    with ExitStack() as stack:
        names = services.create_tables(client)
        yield World(services, client, services.aws(DYNAMODB), names, stack)


def command(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The ``command.checkout`` of a payment of its own."""
    return checkout_command(event_id=f"evt-{number}", paymentId=f"pay-{number}", **changes)


def order_of(number: int = 1) -> str:
    """The order id that such a command leads to."""
    return order_id_for(f"pay-{number}")


def units_sold(orders: list[Item]) -> int:
    """Recounted from the orders themselves (I2)."""
    return sum(line["quantity"] for order in orders for line in order["items"])  # type: ignore[call-overload,index,union-attr,misc]


def distinct(messages: list[Outbound]) -> dict[str, Outbound]:
    """Messages by event id; a repetition must be the same to the byte."""
    found: dict[str, Outbound] = {}
    for message in messages:
        assert found.setdefault(message.event_id, message) == message
    return found


def wait_for(condition: Callable[[], Any], *, seconds: float = 15.0) -> Any:
    """Poll until the condition yields something true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return found


class Gate:
    """A place in the middle of the work where everybody waits until it is opened."""

    def __init__(self) -> None:
        self.waiting = 0
        self._lock, self._opened = threading.Lock(), threading.Event()

    def open(self) -> None:
        """Let them all through, now and later."""
        self._opened.set()

    def pass_through(self) -> None:
        """Wait here."""
        with self._lock:
            self.waiting += 1
        assert self._opened.wait(30), "nobody opened the gate"


class Around:
    """A port with something before and after its calls.

    Args:
        before: called with the method's name.
        after: called with the method's name once it has returned.
    """

    def __init__(
        self,
        inner: Any,
        *,
        before: Callable[[str], None] = lambda _name: None,
        after: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._inner, self._before, self._after = inner, before, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self._before(name)
            result = method(*arguments, **options)
            self._after(name)
            return result

        return call
