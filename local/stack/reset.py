"""Back to the first morning: no orders, messages, claims, mails. Nothing is deployed again."""

from collections.abc import Iterator
from typing import Any

from redis import Redis

from local.stack import aws
from local.stack.client import StackClient
from shared.storage.schema import TABLES


def reset(client: StackClient) -> int:
    """Forget everything that happened, the mails and texts about it too; how many rows that were."""
    # First what would still arrive, then what it would find.
    client.forget_messages()
    with Redis.from_url(client.stack.redis_url) as redis:
        redis.flushdb()
    count = sum(_empty(client, table) for table in TABLES)
    aws.forget_messages(client.stack.aws.endpoint_url)
    return count


def _empty(client: StackClient, table: str) -> int:
    name = client.stack.tables[table]
    keys = TABLES[table].key_names()
    count = 0
    for key in _keys(client.dynamodb, name, keys):
        client.dynamodb.delete_item(TableName=name, Key=key)
        count += 1
    return count


def _keys(dynamodb: Any, name: str, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    for item in [item for page in pages for item in page["Items"]]:
        yield {key: item[key] for key in keys}
