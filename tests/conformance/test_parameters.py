"""Configuration from SSM, on the emulator: secrets decrypted, any number of names, absent ones left out."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from functions.commands.settings import CommandsSettings
from local.stack import secrets as stack_secrets
from shared.adapters.aws.botocore_client import BotocoreClient
from shared.adapters.aws.json_client import SSM
from shared.adapters.aws.port import AwsClient
from shared.adapters.parameters import ssm_reader
from shared.kernel.errors import ConfigurationError, DependencyError
from shared.kernel.settings import Parameter
from tests.conformance.endpoint import Answer, Endpoint
from tests.order_ids import ORDER_ID_KEY
from tests.pipeline import API_URL, URLS
from tests.services import Services, unique
from tests.signing import CURRENT_KEY, NEXT_KEY


@pytest.fixture(scope="module")
def ssm(services: Services) -> Any:
    return services.client("ssm")


def _client(services: Services, kind: str, url: str = "") -> AwsClient:
    if kind == "ours":
        return services.aws(SSM, endpoint_url=url)
    return BotocoreClient(services.client("ssm", endpoint_url=url or services.aws_url))


@pytest.fixture(params=["ours", "botocore"])
def client_at(services: Services, request: pytest.FixtureRequest) -> Callable[..., AwsClient]:
    """The functions' client and botocore's, of any address."""
    return partial(_client, services, request.param)


@pytest.fixture
def client(client_at: Callable[..., AwsClient]) -> AwsClient:
    return client_at()


@pytest.fixture
def prefix() -> str:
    return f"/{unique('config')}"


def put(ssm: Any, values: dict[str, str], kind: str = "String") -> None:
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=value, Type=kind)


class CountingClient:
    """A client, with its calls counted."""

    def __init__(self, client: AwsClient) -> None:
        self._client, self.calls = client, list[list[str]]()

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls.append(request["Names"])
        return self._client.call(operation, request)


def test_a_secure_string_is_read_decrypted(ssm: Any, client: AwsClient, prefix: str) -> None:
    put(ssm, {f"{prefix}/secret": "hush ☕"}, kind="SecureString")

    assert ssm_reader(lambda: client)([f"{prefix}/secret"]) == {f"{prefix}/secret": "hush ☕"}


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (10, 1), (11, 2), (25, 3)])
def test_any_number_of_names_is_read_ten_at_a_time(
    ssm: Any, client: AwsClient, prefix: str, count: int, calls: int
) -> None:
    values = {f"{prefix}/{n}": f"value-{n}" for n in range(count)}
    put(ssm, values)
    counting = CountingClient(client)

    found = ssm_reader(lambda: counting)(list(values))

    assert found == values
    assert len(counting.calls) == calls


def test_names_that_do_not_exist_are_left_out(ssm: Any, client: AwsClient, prefix: str) -> None:
    put(ssm, {f"{prefix}/here": "1"})

    found = ssm_reader(lambda: client)([f"{prefix}/here", f"{prefix}/gone"])

    assert found == {f"{prefix}/here": "1"}


def test_reading_no_names_makes_no_client() -> None:
    def never() -> Any:
        raise AssertionError("nothing was asked for")

    assert ssm_reader(never)([]) == {}


def test_a_service_that_cannot_be_reached_is_a_dependency_error(
    client_at: Callable[..., AwsClient],
) -> None:
    client = client_at("http://127.0.0.1:1")

    with pytest.raises(DependencyError):
        ssm_reader(lambda: client)(["/a"])


def test_a_refusal_is_a_dependency_error(
    client_at: Callable[..., AwsClient], endpoint: Endpoint
) -> None:
    endpoint.respond = lambda _seen: Answer(400, b'{"__type": "AccessDeniedException"}')
    client = client_at(endpoint.url)

    with pytest.raises(DependencyError):
        ssm_reader(lambda: client)(["/a"])


def environ(prefix: str) -> dict[str, str]:
    return {
        "STAGE": "test",
        "CONFIG_PREFIX": prefix,
        **CommandsSettings.tables(),
    }


def test_a_function_finds_its_whole_configuration_where_the_stack_puts_it(
    ssm: Any, client: AwsClient, prefix: str
) -> None:
    values = {
        "QSTASH_TOKEN": "token",
        "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
        "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
        "ORDER_ID_KEY": ORDER_ID_KEY,
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }
    stack_secrets.put(ssm, values, prefix)
    addresses = {**URLS, "api": API_URL}
    put(ssm, {f"{prefix}/urls/{name}": url for name, url in addresses.items()})

    settings = CommandsSettings.load(environ(prefix), ssm_reader(lambda: client))

    assert settings.qstash_token.get_secret_value() == "token"
    assert settings.qstash_next_signing_key.get_secret_value() == NEXT_KEY
    assert settings.destinations() == URLS
    assert f"{API_URL}/api/webhooks/commands" in settings.addresses("commands")


def test_every_parameter_that_is_missing_is_named_at_once(client: AwsClient, prefix: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        CommandsSettings.load(environ(prefix), ssm_reader(lambda: client))

    assert raised.value.problems.keys() == CommandsSettings.markers(Parameter).keys()
