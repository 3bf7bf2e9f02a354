"""Configuration: everything that is wrong at once, and no secret in any text."""

from collections.abc import Mapping

import pytest

from functions.analytics.settings import AnalyticsSettings
from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from functions.inventory.settings import InventorySettings
from functions.notifications.settings import NotificationsSettings
from functions.orders.settings import OrdersSettings
from functions.reconciler.settings import ReconcilerSettings
from shared.contracts.topics import Topic
from shared.kernel.errors import ConfigurationError
from shared.kernel.settings import ConsumerSettings, PublisherSettings, Settings, environment_names
from tests.pipeline import environment, no_parameters
from tests.signing import CURRENT_KEY, NEXT_KEY

CLASSES: list[type[Settings]] = [
    AnalyticsSettings,
    CheckoutSettings,
    CommandsSettings,
    InventorySettings,
    NotificationsSettings,
    OrdersSettings,
    ReconcilerSettings,
]
SECRETS = {
    "QSTASH_TOKEN": "canary-token",
    "QSTASH_CURRENT_SIGNING_KEY": "canary-current-0123456789abcdefgh",
    "QSTASH_NEXT_SIGNING_KEY": "canary-next-0123456789abcdefghijk",
    "REDIS_URL": "redis://:canary-password@127.0.0.1:1/0",
}


class ParameterStore:
    """SSM with what a test puts into it."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.calls: list[list[str]] = []

    def read(self, names: list[str]) -> Mapping[str, str]:
        self.calls.append(names)
        paths = {name.rpartition("/pipe/test/")[2]: name for name in names}
        return {paths[p]: v for p, v in self.values.items() if p in paths}


def problems(cls: type[Settings], environ: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as refused:
        cls.load(environ, no_parameters)
    return refused.value.problems


@pytest.mark.parametrize("cls", CLASSES)
def test_complete_environment_is_enough(cls):
    settings = cls.load(environment(), no_parameters)

    assert settings.stage == "test"
    assert set(settings.table_names()) == set(cls.tables().values())


@pytest.mark.parametrize("cls", CLASSES)
def test_everything_that_is_missing_is_named_at_once(cls):
    required = {name.upper() for name, field in cls.model_fields.items() if field.is_required()}

    found = problems(cls, {})

    # Needed where the stage asks for signatures, and a stage that says nothing may ask for them.
    signed = {"CHECKOUT_CURRENT_SIGNING_KEY"} & found.keys()
    assert set(found) == required | signed
    assert all("missing" in rule for rule in found.values())


@pytest.mark.parametrize("cls", CLASSES)
def test_error_names_every_setting_in_one_line(cls):
    found = problems(cls, {})

    message = str(ConfigurationError(found))

    assert all(f"{name}: {rule}" in message for name, rule in found.items())
    assert "\n" not in message


def test_where_a_missing_setting_is_looked_for_is_said():
    found = problems(CommandsSettings, {})

    assert found["STAGE"] == "missing (environment)"
    assert found["QSTASH_TOKEN"] == "missing (environment, or parameter secrets/QSTASH_TOKEN)"


def test_missing_and_unusable_settings_are_named_together():
    environ = environment() | {"QSTASH_CURRENT_SIGNING_KEY": "short", "DEDUP_SECONDS": "1"}
    del environ["STAGE"]

    assert set(problems(CommandsSettings, environ)) == {
        "STAGE",
        "QSTASH_CURRENT_SIGNING_KEY",
        "DEDUP_SECONDS",
    }


@pytest.mark.parametrize(
    "name", ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY", "ORDER_ID_KEY"]
)
@pytest.mark.parametrize(
    "key",
    [
        "k",
        "sig_" + "a" * 27,
        "sig_placeholder_0123456789abcdefgh",
        "CHANGEME-CHANGEME-CHANGEME-CHANGEME",
        "sig_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sig_this_is_an_example_key_00000000",
    ],
)
def test_short_key_or_placeholder_is_refused(name, key):
    found = problems(CommandsSettings, environment() | {name: key})

    assert set(found) == {name}
    assert "must be a real signing key of at least 32 characters" in found[name]


GOOD = "sig_7Kd0aQ3vR9xT2mB5nH8jL1pW4z"
KEYS_AND_TOKEN = [
    "QSTASH_CURRENT_SIGNING_KEY",
    "QSTASH_NEXT_SIGNING_KEY",
    "QSTASH_TOKEN",
    "ORDER_ID_KEY",
]


@pytest.mark.parametrize("name", KEYS_AND_TOKEN)
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (" " * 40, "must not be empty"),
        ("\n" * 40, "must not be empty"),
        (f"{GOOD}0123\n", "must not contain blanks"),
        (f" {GOOD}0123", "must not contain blanks"),
        (f"{GOOD}\r\n0123456", "must not contain blanks"),
        (f"{GOOD}\t0123456", "must not contain blanks"),
        (f"{GOOD}\u00a00123456", "must not contain blanks"),
        (f"{GOOD}\u200b0123456", "must not contain blanks"),
        (f"{GOOD}\x000123456", "must not contain blanks"),
        ("a" * 40, "must not be one character"),
        ("sig_" + "0" * 40, "must not be one character"),
        ("ab" * 20, "must not be a few characters"),
        ("sig_" + "0123" * 10, "must not be a few characters"),
        ("password" * 4 + "pass", "must not be a few characters"),
    ],
)
def test_secret_that_was_torn_padded_or_typed_is_refused_at_the_start(name, value, rule):
    found = problems(CommandsSettings, environment() | {name: value})

    assert set(found) == {name}
    assert rule in found[name]
    assert value.strip()[:8] not in found[name] or not value.strip()


@pytest.mark.parametrize("token", ["", " ", "\t\n"])
def test_empty_token_is_refused(token):
    assert set(problems(CommandsSettings, environment() | {"QSTASH_TOKEN": token})) == {
        "QSTASH_TOKEN"
    }


@pytest.mark.parametrize("name", ["STAGE", "COMMANDS_URL", "TABLE_LEDGER"])
@pytest.mark.parametrize("value", ["", "  "])
def test_setting_of_only_spaces_counts_as_none(name, value):
    assert set(problems(CommandsSettings, environment() | {name: value})) == {name}


@pytest.mark.parametrize("seconds", ["59", "86401", "soon", "-1"])
def test_dedup_window_out_of_range_is_refused(seconds):
    assert set(problems(CommandsSettings, environment() | {"DEDUP_SECONDS": seconds})) == {
        "DEDUP_SECONDS"
    }


def test_unknown_log_level_is_refused():
    assert set(problems(CheckoutSettings, environment() | {"LOG_LEVEL": "LOUD"})) == {"LOG_LEVEL"}


def test_environment_wins_over_the_parameter_store():
    store = ParameterStore(**{"secrets/QSTASH_TOKEN": "from-ssm", "urls/orders": "https://ssm/"})
    environ = environment() | {"CONFIG_PREFIX": "/pipe/test", "QSTASH_TOKEN": "from-environment"}
    del environ["ORDERS_URL"]

    settings = CommandsSettings.load(environ, store.read)

    assert settings.qstash_token.get_secret_value() == "from-environment"
    assert settings.orders_url == "https://ssm/"
    assert store.calls == [["/pipe/test/urls/orders"]]


@pytest.mark.parametrize("cls", CLASSES)
def test_parameters_are_read_once_and_only_those_of_the_function(cls):
    values = {p.path: environment().get(name, "") for name, p in cls.parameters().items()}
    store = ParameterStore(**values)
    environ = {n: v for n, v in environment().items() if n not in cls.parameters()}

    settings = cls.load(environ | {"CONFIG_PREFIX": "/pipe/test"}, store.read)

    assert len(store.calls) == 1
    assert set(store.calls[0]) == {f"/pipe/test/{p.path}" for p in cls.parameters().values()}
    assert settings == cls.load(environment() | {"CONFIG_PREFIX": "/pipe/test"}, no_parameters)


def test_nothing_is_read_when_the_environment_has_everything_or_names_no_prefix():
    store = ParameterStore()

    CommandsSettings.load(environment() | {"CONFIG_PREFIX": "/pipe/test"}, store.read)
    with pytest.raises(ConfigurationError):
        CommandsSettings.load({}, store.read)

    assert store.calls == []


def test_parameter_that_is_missing_or_empty_is_named():
    store = ParameterStore(**{"urls/orders": ""})
    environ = environment() | {"CONFIG_PREFIX": "/pipe/test"}
    del environ["ORDERS_URL"], environ["REDIS_URL"]

    with pytest.raises(ConfigurationError) as refused:
        CommandsSettings.load(environ, store.read)

    assert set(refused.value.problems) == {"ORDERS_URL", "REDIS_URL"}


@pytest.mark.parametrize("cls", CLASSES)
def test_secrets_show_in_no_text_of_the_settings(cls):
    settings = cls.load(environment() | SECRETS, no_parameters)

    text = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"

    assert "canary" not in text


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_secrets_show_in_no_configuration_error(name):
    environ = environment() | SECRETS | {name: "canary", "LOG_LEVEL": "canary"}
    del environ["STAGE"]

    with pytest.raises(ConfigurationError) as refused:
        CommandsSettings.load(environ, no_parameters)

    shown = (
        f"{refused.value} {refused.value!r} {refused.value.problems} {refused.value.__context__}"
    )
    assert "canary" not in shown
    assert refused.value.__cause__ is None


def test_keys_and_tokens_are_what_the_parameters_call_secret():
    secret = {name for name, p in ConsumerSettings.parameters().items() if p.secret}

    assert secret == set(SECRETS)


def test_settings_are_frozen():
    settings = CommandsSettings.load(environment(), no_parameters)

    with pytest.raises(ValueError, match="frozen"):
        settings.stage = "prod"  # type: ignore[misc]


def test_destinations_are_the_functions_own_addresses_without_a_webhook_base():
    settings = CommandsSettings.load(environment(), no_parameters)

    assert settings.destinations() == settings.function_urls()
    assert settings.failure_callback() == "https://analytics.example.com/failures"


@pytest.mark.parametrize("base", ["https://hooks.example.com", "https://hooks.example.com/"])
def test_webhook_base_makes_the_destinations_of_the_contract(base):
    environ = environment() | {"QSTASH_WEBHOOK_BASE_URL": base}
    settings = CommandsSettings.load(environ, no_parameters)

    assert settings.destinations() == {
        topic: f"https://hooks.example.com/api/webhooks/{topic}"
        for topic in ("commands", "orders", "notifications", "inventory", "analytics")
    }
    assert settings.failure_callback() == (
        "https://hooks.example.com/api/webhooks/analytics/failures"
    )


@pytest.mark.parametrize("slash", ["", "/"])
def test_addresses_are_the_function_s_the_api_s_and_the_shop_s_own_each_in_two_spellings(slash):
    environ = environment() | {
        "COMMANDS_URL": f"https://commands.example.com{slash}",
        "API_URL": f"https://api.example.com{slash}",
        "QSTASH_WEBHOOK_BASE_URL": f" https://hooks.example.com/shop{slash} ",
    }
    settings = CommandsSettings.load(environ, no_parameters)

    assert settings.addresses("commands") == {
        "https://commands.example.com",
        "https://commands.example.com/",
        "https://api.example.com/api/webhooks/commands",
        "https://api.example.com/api/webhooks/commands/",
        "https://hooks.example.com/shop/api/webhooks/commands",
        "https://hooks.example.com/shop/api/webhooks/commands/",
    }
    assert settings.addresses("analytics", "failures") == {
        "https://analytics.example.com/failures",
        "https://analytics.example.com/failures/",
        "https://api.example.com/api/webhooks/analytics/failures",
        "https://api.example.com/api/webhooks/analytics/failures/",
        "https://hooks.example.com/shop/api/webhooks/analytics/failures",
        "https://hooks.example.com/shop/api/webhooks/analytics/failures/",
    }


def test_no_address_of_one_topic_is_another_s():
    settings = CommandsSettings.load(environment(), no_parameters)
    addresses = [settings.addresses(topic.value) for topic in Topic]

    assert sum(map(len, addresses)) == len(settings.all_addresses()) == 4 * len(Topic)


@pytest.mark.parametrize("settings", CLASSES)
def test_a_start_asks_the_parameter_store_as_rarely_as_it_can(settings):
    """One call takes ten names; a second one would make every cold start wait for it. Only the
    commands function needs eleven: the key of order ids comes with a second call."""
    assert len(settings.parameters()) <= (11 if settings is CommandsSettings else 10)


@pytest.mark.parametrize("settings", CLASSES)
def test_who_judges_addresses_knows_the_api_s_and_nobody_else_reads_it(settings):
    assert ("API_URL" in settings.parameters()) is (settings is not CheckoutSettings)


def test_environment_of_a_function_can_be_written_from_its_class():
    assert CommandsSettings.plain()["STAGE"] is True
    assert CommandsSettings.plain()["LOG_LEVEL"] is False
    assert CommandsSettings.tables()["TABLE_LEDGER"] == "ledger"
    names = environment_names([CommandsSettings, PublisherSettings])
    assert {"STAGE", "QSTASH_TOKEN", "TABLE_ORDERS"} <= names


def test_the_tests_own_keys_pass_as_real():
    settings = CommandsSettings.load(environment(), no_parameters)

    assert settings.qstash_current_signing_key.get_secret_value() == CURRENT_KEY
    assert settings.qstash_next_signing_key.get_secret_value() == NEXT_KEY
