"""Configuration from SSM, on the emulator: secrets decrypted, any number of names, absent ones left out."""

from typing import Any

import pytest

from functions.commands.settings import CommandsSettings
from local.stack import secrets as stack_secrets
from shared.adapters.parameters import ssm_reader
from shared.kernel.errors import ConfigurationError, DependencyError
from shared.kernel.settings import Parameter
from tests.conformance.endpoint import Answer, Endpoint
from tests.pipeline import API_URL, URLS
from tests.services import Services, unique
from tests.signing import CURRENT_KEY, NEXT_KEY


@pytest.fixture(scope="module")
def ssm(services: Services) -> Any:
    return services.client("ssm")


@pytest.fixture
def prefix() -> str:
    return f"/{unique('config')}"


def put(ssm: Any, values: dict[str, str], kind: str = "String") -> None:
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=value, Type=kind)


class CountingClient:
    """The client, with its calls counted."""

    def __init__(self, client: Any) -> None:
        self._client, self.calls = client, list[list[str]]()

    def get_parameters(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request["Names"])
        answer: dict[str, Any] = self._client.get_parameters(**request)
        return answer


def test_a_secure_string_is_read_decrypted(ssm: Any, prefix: str) -> None:
    put(ssm, {f"{prefix}/secret": "hush ☕"}, kind="SecureString")

    assert ssm_reader(lambda: ssm)([f"{prefix}/secret"]) == {f"{prefix}/secret": "hush ☕"}


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (10, 1), (11, 2), (25, 3)])
def test_any_number_of_names_is_read_ten_at_a_time(
    ssm: Any, prefix: str, count: int, calls: int
) -> None:
    values = {f"{prefix}/{n}": f"value-{n}" for n in range(count)}
    put(ssm, values)
    client = CountingClient(ssm)

    found = ssm_reader(lambda: client)(list(values))

    assert found == values
    assert len(client.calls) == calls


def test_names_that_do_not_exist_are_left_out(ssm: Any, prefix: str) -> None:
    put(ssm, {f"{prefix}/here": "1"})

    found = ssm_reader(lambda: ssm)([f"{prefix}/here", f"{prefix}/gone"])

    assert found == {f"{prefix}/here": "1"}


def test_reading_no_names_makes_no_client() -> None:
    def never() -> Any:
        raise AssertionError("nothing was asked for")

    assert ssm_reader(never)([]) == {}


def test_a_service_that_cannot_be_reached_is_a_dependency_error(services: Services) -> None:
    client = services.client("ssm", endpoint_url="http://127.0.0.1:1")

    with pytest.raises(DependencyError):
        ssm_reader(lambda: client)(["/a"])


def test_a_refusal_is_a_dependency_error(services: Services, endpoint: Endpoint) -> None:
    endpoint.respond = lambda _seen: Answer(400, b'{"__type": "AccessDeniedException"}')
    client = services.client("ssm", endpoint_url=endpoint.url)

    with pytest.raises(DependencyError):
        ssm_reader(lambda: client)(["/a"])


def environ(prefix: str) -> dict[str, str]:
    return {
        "STAGE": "test",
        "CONFIG_PREFIX": prefix,
        **CommandsSettings.tables(),
    }


def test_a_function_finds_its_whole_configuration_where_the_stack_puts_it(
    ssm: Any, prefix: str
) -> None:
    values = {
        "QSTASH_TOKEN": "token",
        "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
        "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }
    stack_secrets.put(ssm, values, prefix)
    addresses = {**URLS, "api": API_URL}
    put(ssm, {f"{prefix}/urls/{name}": url for name, url in addresses.items()})

    settings = CommandsSettings.load(environ(prefix), ssm_reader(lambda: ssm))

    assert settings.qstash_token.get_secret_value() == "token"
    assert settings.qstash_next_signing_key.get_secret_value() == NEXT_KEY
    assert settings.destinations() == URLS
    assert f"{API_URL}/api/webhooks/commands" in settings.addresses("commands")


def test_every_parameter_that_is_missing_is_named_at_once(ssm: Any, prefix: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        CommandsSettings.load(environ(prefix), ssm_reader(lambda: ssm))

    assert raised.value.problems.keys() == CommandsSettings.markers(Parameter).keys()
