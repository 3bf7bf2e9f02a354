"""What the conformance suites share: the real services, and one set of tables."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.adapters.aws.botocore_client import BotocoreClient
from shared.adapters.aws.json_client import DYNAMODB
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.storage.ports import Tables
from tests import services as real
from tests.conformance.endpoint import Endpoint
from tests.conformance.redis_proxy import RedisProxy
from tests.fakes.tables import InMemoryTables
from tests.services import Services


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    return real.of_session(request.config)


@pytest.fixture(scope="session")
def dynamodb(services: Services) -> Any:
    return services.client("dynamodb")


@pytest.fixture(scope="session")
def physical_names(services: Services, dynamodb: Any) -> dict[str, str]:
    return services.create_tables(dynamodb)


@pytest.fixture(scope="session")
def dynamodb_tables(services: Services, physical_names: dict[str, str]) -> DynamoDBTables:
    """Shared by all tests: each uses keys of its own."""
    return DynamoDBTables(services.aws(DYNAMODB), physical_names)


@pytest.fixture(scope="session")
def botocore_tables(dynamodb: Any, physical_names: dict[str, str]) -> DynamoDBTables:
    """The same tables, reached through botocore."""
    return DynamoDBTables(BotocoreClient(dynamodb), physical_names)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server that answers as the test wants."""
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def redis_proxy(services: Services) -> Iterator[RedisProxy]:
    proxy = RedisProxy(services.redis_port)
    yield proxy
    proxy.close()


@pytest.fixture
def name() -> Callable[[str], str]:
    """Makes names that no other test uses."""
    return real.unique


@pytest.fixture(params=["memory", "dynamodb", "botocore"])
def tables(request: pytest.FixtureRequest) -> Tables:
    """The fake and the real adapter over both of its clients: every test that asks for this runs on all."""
    if request.param == "memory":
        return InMemoryTables()
    adapter: DynamoDBTables = request.getfixturevalue(f"{request.param}_tables")
    return adapter
