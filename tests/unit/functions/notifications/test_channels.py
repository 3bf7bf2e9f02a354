"""A channel is a declaration, a folder and a line in the registry; everything else follows."""

import ast
from pathlib import Path

import pytest

from functions.notifications.channels.registry import REGISTRY
from functions.notifications.events import audited
from functions.notifications.settings import NotificationsSettings
from infra.constructs.alarms import OWN_METRICS
from infra.environment import provided_values
from infra.functions import FUNCTIONS
from infra.grants import send_by_every_channel
from infra.settings import StageSettings, stage_settings
from shared.contracts import channels
from shared.contracts.analytics import AuditPayload
from shared.contracts.catalog import models
from shared.contracts.channels import CAPS, CHANNELS
from shared.contracts.topics import EVENT_TYPES, Topic, topic_of
from shared.kernel.errors import ConfigurationError
from shared.telemetry import metrics
from tests.contracts.samples import sample
from tests.pipeline import environment, no_parameters

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "functions/notifications/channels"
EVERY = pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)


def test_every_declared_channel_has_its_folder_and_its_line_and_no_other_has():
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py")}

    assert folders == {channel.name for channel in CHANNELS}
    assert set(REGISTRY) == set(CHANNELS)


def test_no_two_channels_share_a_name_an_event_a_metric_or_a_setting():
    for names in (
        [channel.name for channel in CHANNELS],
        [channel.event_type for channel in CHANNELS],
        [channel.metric for channel in CHANNELS],
        [cap.setting for cap in CAPS.values()],
    ):
        assert len(names) == len(set(names))


@EVERY
def test_the_event_of_a_channel_is_of_the_contract_and_of_this_topic(channel):
    assert channel.event_type in EVENT_TYPES
    assert channel.event_type in models()
    assert topic_of(channel.event_type) is Topic.NOTIFICATIONS


@EVERY
def test_a_send_is_counted_by_outcome_and_one_in_doubt_is_watched(channel):
    assert {"sent", "unknown"} <= set(metrics.SENDS[channel])
    for outcome, metric in metrics.SENDS[channel].items():
        assert metrics.METRICS[f"{channel.metric}{outcome.capitalize()}"] is metric
    assert metrics.SENDS[channel]["unknown"] in [own.metric for own in OWN_METRICS]


@EVERY
def test_the_audit_trail_names_the_channel_first(channel):
    event = models()[channel.event_type].model_validate(sample(channel.event_type))

    payload = audited(event, channel, "sent", {}).payload

    assert isinstance(payload, AuditPayload)
    assert (payload.action, payload.entity_type) == (f"{channel.name}.sent", channel.name)


def test_the_function_may_send_by_every_channel():
    (spec,) = [spec for spec in FUNCTIONS if spec.topic is Topic.NOTIFICATIONS]

    assert set(send_by_every_channel()) <= set(spec.grants)


@pytest.mark.parametrize("channel", CAPS, ids=lambda channel: channel.name)
def test_a_cap_is_declared_once_and_the_function_and_the_deployment_know_it(channel):
    given = environment() | {CAPS[channel].setting: "7"}
    without = {name: value for name, value in given.items() if name != CAPS[channel].setting}
    values = provided_values(stage_settings("prod"), configuration_set="c")

    assert NotificationsSettings.load(given, no_parameters).caps()[channel] == 7
    declared = NotificationsSettings.load(without, no_parameters).caps()[channel]
    assert declared == CAPS[channel].per_hour == int(values[CAPS[channel].setting])


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_cap_that_is_no_positive_number_is_refused_at_the_start(value):
    with pytest.raises(ConfigurationError, match="SMS_PER_HOUR"):
        NotificationsSettings.load(environment() | {"SMS_PER_HOUR": value}, no_parameters)


def test_a_stage_may_change_the_cap_of_a_capped_channel_only():
    assert stage_settings("local").cap_of(channels.EMAIL) == 1000
    assert stage_settings("local").cap_of(channels.SMS) == 5
    for caps, rule in (
        ({"pigeon": 3}, "no channel"),
        ({"push": 3}, "no channel"),
        ({"sms": 0}, "1"),
    ):
        with pytest.raises(ValueError, match=rule):
            StageSettings.model_validate({**stage_settings("dev").model_dump(), "caps": caps})


def test_the_declaration_imports_nothing_of_the_product_and_no_library():
    tree = ast.parse((ROOT / "shared/contracts/channels.py").read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported == {"collections.abc", "dataclasses", "enum", "types"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
