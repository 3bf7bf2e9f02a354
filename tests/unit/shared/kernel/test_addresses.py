"""Addresses of a stage have one spelling, and what is none is refused by the setting's name (S13)."""

import pytest

from functions.commands.settings import CommandsSettings
from shared.kernel.addresses import address
from tests.pipeline import environment
from tests.unit.shared.kernel.test_settings import problems

ADDRESSES = ["QSTASH_URL", "QSTASH_WEBHOOK_BASE_URL", "ORDERS_URL", "ANALYTICS_URL", "API_URL"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://hooks.example.com", "https://hooks.example.com"),
        ("HTTPS://Hooks.Example.COM/Shop/", "https://hooks.example.com/Shop/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:65535", "http://localhost:65535"),
    ],
)
def test_an_address_has_one_spelling(given, kept):
    assert address(given) == kept
    assert address(kept) == kept


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "value",
    [
        "https://user:hunter2@hooks.example.com",
        "https://hooks.example.com@evil.example",
        "https://hooks.example.com\\@evil.example",
        "https://",
        "https:///path",
        "hooks.example.com",
        "ftp://hooks.example.com",
        "javascript:alert(1)",
        "https://hooks.example.com:0",
        "https://hooks.example.com:65536",
        "https://hooks.example.com:",
        "https://hooks.example.com:8a",
        "https://hooks.example.com./x",
        "https://hooks..example.com",
        "https://-hooks.example.com",
        "https://[::1",
        "https://hooks.example.com/#part",
        "https://hooks.example.com/#",
        "https://hooks.example.com/?next=1",
        "https://hooks.example.com?",
        "https://hooks.exa mple.com",
        "https://hooks.example.com/\nx",
        "https://hooks.example.com/\x00",
        "https://hooks\u200b.example.com",
        "https://h\u043e\u043eks.example.com",
        "https://hooks\u3002example.com",
        "\uff48ttps://hooks.example.com",
    ],
)
def test_what_is_no_plain_address_is_refused_by_the_setting_s_name(name, value):
    found = problems(CommandsSettings, environment() | {name: value})

    assert set(found) == {name}
    assert "must " in found[name]
    assert "hunter2" not in found[name]


@pytest.mark.parametrize(
    "value",
    [
        "localhost:6379",
        "http://redis.example.com",
        "redis://",
        "redis://:hunter2@",
        "redis://:hunter2@redis.example.com:port",
        "redis://:hunter2@redis.example.com:6379\n",
        "redis://:hunter2\u200b@redis.example.com:6379",
        " redis://:hunter2@redis.example.com",
        "\t",
        "unix://",
    ],
)
def test_what_is_no_address_of_a_redis_is_refused_and_not_shown(value):
    found = problems(CommandsSettings, environment() | {"REDIS_URL": value})

    assert set(found) == {"REDIS_URL"}
    assert "redis://, rediss:// or unix://" in found["REDIS_URL"]
    assert "hunter2" not in found["REDIS_URL"]


@pytest.mark.parametrize(
    "value",
    ["redis://localhost:6379/0", "rediss://default:p%40ss@r.example.com:6380", "unix:///r.s"],
)
def test_an_address_of_a_redis_is_kept_as_it_is(value):
    settings = CommandsSettings.load(environment() | {"REDIS_URL": value}, lambda _names: {})

    assert settings.redis_url.get_secret_value() == value
