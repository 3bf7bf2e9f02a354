"""Whole functions over real tables and a real Redis."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.redis_proxy import RedisProxy
from tests.integration.functions.world import World, new_world
from tests.services import Services


@pytest.fixture(scope="session")
def dynamodb(services: Services) -> Any:
    return services.client("dynamodb", max_pool_connections=128)


@pytest.fixture
def world(services: Services, dynamodb: Any) -> Iterator[World]:
    with new_world(services, dynamodb) as world:
        yield world


@pytest.fixture
def redis_proxy(services: Services) -> Iterator[RedisProxy]:
    proxy = RedisProxy(services.redis_port)
    yield proxy
    proxy.close()
