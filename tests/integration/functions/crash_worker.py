"""A function that dies at a chosen point of its work: ``python -m …crash_worker < story.json``.

The hooks sit at the ports, so what dies is the product's own code between two of its calls.
"""

import json
import os
import sys

import botocore.session

from local.stack import environment
from shared.adapters.aws.botocore_client import BotocoreClient
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.adapters.redis_claims import RedisClaims
from shared.messaging.claims import ClaimFormat
from shared.runtime import clients
from tests.conformance.live import LivePipeline, WallClock
from tests.conformance.messages import publisher_to
from tests.integration.functions.world import Around

EXIT_CODE = 42
# Each point as port and call: the how-manieth of its name, before or after its effect.
POINTS = {
    "before-claim": ("claims", "claim", 1, "before"),
    "after-claim": ("claims", "claim", 1, "after"),
    "before-commit": ("tables", "transact", 1, "before"),
    "after-commit": ("tables", "transact", 1, "after"),
    "before-publish": ("publisher", "publish", 1, "before"),
    "after-publish": ("publisher", "publish", 1, "after"),
    "after-finish": ("tables", "transact", 2, "after"),
    "after-complete": ("claims", "complete", 1, "after"),
}


class Death:
    """Ends the process at its point, without a word: no cleanup, no ``finally``."""

    def __init__(self, port: str, point: str) -> None:
        self._port, self._left = port, 0
        self._at = POINTS[point]

    def before(self, name: str) -> None:
        self._meet(name, "before")

    def after(self, name: str) -> None:
        self._meet(name, "after")

    def _meet(self, name: str, moment: str) -> None:
        port, call, number, when = self._at
        if (port, call, when) != (self._port, name, moment):
            return
        self._left += 1
        if self._left == number:
            os._exit(EXIT_CODE)


def around(inner: object, port: str, point: str) -> Around:
    """The port, deadly at the point."""
    death = Death(port, point)
    return Around(inner, before=death.before, after=death.after)


def main() -> None:
    """Handle one delivery, as far as that goes."""
    story = json.load(sys.stdin)
    point = story["point"]
    client = botocore.session.Session().create_client(
        "dynamodb",
        region_name=environment.REGION,
        endpoint_url=story["aws_url"],
        aws_access_key_id=environment.ACCESS_KEY_ID,
        aws_secret_access_key=environment.SECRET_ACCESS_KEY,
    )
    claims = RedisClaims(
        clients.redis(story["redis_url"]),
        ClaimFormat("test/consumer", b"secret"),
        WallClock(),
        new_token=lambda: "the-one-who-died",
        key_prefix=story["prefix"],
    )
    with publisher_to(story["qstash_url"], WallClock()) as publisher:
        pipeline = LivePipeline(
            tables=around(DynamoDBTables(BotocoreClient(client), story["names"]), "tables", point),
            claims=around(claims, "claims", point),
            publisher=around(publisher, "publisher", point),
            milliseconds=story["milliseconds"],
        )
        print(pipeline.status_of("commands", story["event"].encode()))


if __name__ == "__main__":
    main()
