"""The table of stages, and what a deployer may replace in it."""

from typing import Any

import pytest
from pydantic import ValidationError

from infra.environment import provided_values
from infra.functions import FUNCTIONS
from infra.settings import OVERRIDES, StageError, StageSettings, stage_settings
from shared.contracts.topics import Topic

STAGES = ("local", "dev", "staging", "prod")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_complete_and_frozen(stage: str):
    """Every function has its share, and nobody changes a stage while it is built."""
    settings = stage_settings(stage)

    assert set(settings.reserved_concurrency) == {spec.name for spec in FUNCTIONS}
    with pytest.raises(ValidationError):
        settings.memory_mb = 1  # type: ignore[misc]


def test_an_unknown_stage_is_refused_by_naming_the_known_ones():
    """A typo must not make a new stage."""
    with pytest.raises(
        StageError, match="unknown stage 'prd': choose one of local, dev, staging, prod"
    ):
        stage_settings("prd")


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("cors_origins", "*", "lower case.*never a wildcard"),
        ("cors_origins", "https://*.shop.test", "lower case.*never a wildcard"),
        ("cors_origins", "https://shop.test/path", "lower case.*never a wildcard"),
        ("cors_origins", "https://shop.test:443", "lower case.*never a wildcard"),
        ("cors_origins", "http://shop.test:80", "lower case.*never a wildcard"),
        ("cors_origins", "https://shop.test.", "lower case.*never a wildcard"),
        ("cors_origins", "https://shop..test", "lower case.*never a wildcard"),
        ("cors_origins", "https://-shop.test", "lower case.*never a wildcard"),
        ("cors_origins", "https://shop.test:65536", "lower case.*never a wildcard"),
        ("cors_origins", "https://ada@shop.test", "lower case.*never a wildcard"),
        ("cors_origins", "https://Shop.test", "lower case.*never a wildcard"),
        ("cors_origins", "https://b\u00fccher.test", "lower case.*never a wildcard"),
        ("cors_origins", "null", "lower case.*never a wildcard"),
        ("qstash_url", "https://qstash.test/v2?token=x", "no user"),
        ("webhook_base_url", "https://hooks.test/#here", "no user"),
        ("webhook_base_url", "https://hooks.test./x", "of a host"),
        ("webhook_base_url", "https://h\u043eoks.test", "of a host"),
        ("jwt_issuer", "https://:443", "of a host"),
        ("sender_domain", "not a domain", "a domain name"),
        ("alert_address", "nobody", "a mail address"),
        ("qstash_url", "qstash.upstash.io", "an http"),
        ("webhook_base_url", "javascript:alert(1)", "an http"),
        ("webhook_base_url", "https://user:secret@hooks.test", "an http"),
        ("qstash_url", "https://:token@qstash.test/v2", "an http"),
        ("api_gateway_url", "ftp://127.0.0.1", "an http"),
        ("secrets_key_arn", "alias/aws/ssm", "the ARN of a KMS key"),
        ("outside_metrics", "Revenue", "a metric of the pipeline itself"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_by_name(name: str, value: str, word: str):
    """At synthesis, not at the first order."""
    with pytest.raises(StageError, match=f"{name}.*{word}"):
        stage_settings("prod", {name: value})


def test_all_wrong_values_are_named_at_once():
    """One round trip for the deployer."""
    with pytest.raises(StageError, match=r"sender_domain.*alert_address"):
        stage_settings("prod", {"sender_domain": "-", "alert_address": "-"})


@pytest.mark.parametrize("audience", ["", " ", ",", " , "])
def test_an_issuer_without_an_audience_is_refused(audience: str):
    """It would accept every token that the issuer ever gave to anybody."""
    given = {"jwt_issuer": "https://login.shop.test", "jwt_audience": audience}

    with pytest.raises(StageError, match="jwt_issuer and jwt_audience go together"):
        stage_settings("prod", given)


def test_an_audience_without_an_issuer_is_refused():
    """Whoever asks for one wants a lock, and would get none."""
    with pytest.raises(StageError, match="jwt_issuer and jwt_audience go together"):
        stage_settings("prod", {"jwt_audience": "web"})


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_an_issuer_in_plain_http_is_refused_but_on_a_laptop(stage: str):
    """Its keys travel on that connection."""
    given = {"jwt_issuer": "http://login.shop.test", "jwt_audience": "web"}

    with pytest.raises(StageError, match="jwt_issuer must be an https address"):
        stage_settings(stage, given)
    assert stage_settings("local", given).storefront_auth == "jwt"


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_no_deployment_to_aws_believes_in_another_gateway(stage: str):
    """What is signed for that address would count as a delivery to us."""
    given = {"api_gateway_url": "http://127.0.0.1:4566/_aws/execute-api"}

    with pytest.raises(StageError, match="api_gateway_url is for an emulator"):
        stage_settings(stage, given)
    assert stage_settings("local", given).api_gateway_url == given["api_gateway_url"]


def test_shoppers_sign_in_where_an_issuer_is_named():
    """One setting decides both the lock and what the function believes."""
    given = {"jwt_issuer": "https://login.shop.test", "jwt_audience": "web"}

    assert stage_settings("prod").storefront_auth == "none"
    assert stage_settings("prod", given).storefront_auth == "jwt"


def test_overrides_replace_the_stage_s_own_values_and_empty_ones_do_not():
    """An unset variable in a pipeline must not blank out a default."""
    settings = stage_settings(
        "prod", {"cors_origins": "https://a.test, https://b.test", "qstash_url": ""}
    )

    assert settings.cors_origins == ("https://a.test", "https://b.test")
    assert settings.qstash_url == "https://qstash.upstash.io"


@pytest.mark.parametrize("places", [2, 3, 4, 5, 10, 20, 50, 1000])
@pytest.mark.parametrize("topic", Topic)
def test_however_few_places_one_stays_free_of_flow_control(topic: Topic, places: int):
    """For callbacks, and for producers whose messages carry no key."""
    values = stage_settings("dev").model_dump()
    reserved = {**values["reserved_concurrency"], topic.value: places}

    settings = StageSettings.model_validate(values | {"reserved_concurrency": reserved})

    assert 1 <= settings.parallelism(topic) < places


def test_a_topic_with_a_single_place_is_refused():
    """It could not take a callback while it works."""
    values = stage_settings("dev").model_dump()
    reserved = {**values["reserved_concurrency"], "analytics": 1}

    with pytest.raises(ValidationError, match="analytics must have at least 2 places"):
        StageSettings.model_validate(values | {"reserved_concurrency": reserved})


def test_nothing_secret_can_be_given_on_the_command_line():
    """Command lines are kept in histories and logs."""
    words = ("token", "signing", "password", "redis_url")

    assert not [name for name in OVERRIDES if any(word in name for word in words)]


def test_examples_that_nobody_owns_are_named_until_they_are_replaced():
    """So that synthesis can warn of them."""
    real = {
        "sender_domain": "shop.test",
        "alert_address": "stock@shop.test",
        "cors_origins": "https://www.shop.test",
    }

    assert set(stage_settings("prod").placeholders()) == set(real)
    assert stage_settings("prod", real).placeholders() == []


def test_order_ids_are_keyed_unless_a_stage_with_old_orders_says_plain_for_its_first_deployment():
    first = stage_settings("prod", {"order_ids": "plain"})

    assert provided_values(stage_settings("prod"), configuration_set="c")["ORDER_IDS"] == "keyed"
    assert provided_values(first, configuration_set="c")["ORDER_IDS"] == "plain"
    with pytest.raises(StageError, match="order_ids"):
        stage_settings("prod", {"order_ids": "Keyed"})


@pytest.mark.parametrize(
    ("stage", "given", "seconds"),
    [
        ("prod", {}, ""),
        ("dev", {}, ""),
        ("local", {}, ""),
        ("prod", {"checkout_trust": "open"}, "86400"),
        ("dev", {"checkout_trust": "open"}, "86400"),
        ("prod", {"checkout_trust": "open", "unconfirmed_order_seconds": "0"}, ""),
        ("prod", {"unconfirmed_order_seconds": "3600"}, "3600"),
        ("local", {"unconfirmed_order_seconds": "60"}, "60"),
    ],
)
def test_unconfirmed_orders_lapse_where_strangers_may_name_payments_or_where_a_stage_says_so(
    stage: str, given: dict[str, str], seconds: str
):
    values = provided_values(stage_settings(stage, given), configuration_set="c")

    assert values["UNCONFIRMED_ORDER_SECONDS"] == seconds


@pytest.mark.parametrize(
    ("stage", "given", "days"),
    [
        ("local", {}, ("", "")),
        ("dev", {}, ("7", "14")),
        ("staging", {}, ("14", "30")),
        ("prod", {}, ("90", "90")),
        # A file gives numbers, and none is left out for being zero.
        ("prod", {"checkout_days": 0, "dead_letter_days": 3650}, ("", "3650")),
        ("dev", {"checkout_days": "1", "dead_letter_days": "0"}, ("1", "")),
    ],
)
def test_copies_of_personal_data_have_a_time_in_every_stage_but_local(
    stage: str, given: dict[str, Any], days: tuple[str, str]
):
    values = provided_values(stage_settings(stage, given), configuration_set="c")

    assert (values["CHECKOUT_DAYS"], values["DEAD_LETTER_DAYS"]) == days


@pytest.mark.parametrize("name", ["checkout_days", "dead_letter_days"])
@pytest.mark.parametrize("days", [-1, 3651, "1.5", "a week"])
def test_a_time_of_copies_that_makes_no_sense_is_refused_by_name(name: str, days: object):
    with pytest.raises(StageError, match=f"^{name}: "):
        stage_settings("prod", {name: days})


def test_a_zero_of_a_stages_file_is_a_value_and_not_the_default():
    never = stage_settings("prod", {"checkout_trust": "open", "unconfirmed_order_seconds": 0})

    assert never.lapses_after is None


@pytest.mark.parametrize("seconds", ["59", "-1", "31536001", "1.5", "a day"])
def test_a_time_until_orders_lapse_that_makes_no_sense_is_refused_by_name(seconds: str):
    with pytest.raises(StageError, match="unconfirmed_order_seconds"):
        stage_settings("prod", {"unconfirmed_order_seconds": seconds})
