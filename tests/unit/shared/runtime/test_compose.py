"""How a deployed function is put together: from fresh keys, and never unsigned."""

from collections.abc import Mapping

import pytest

from functions.commands.settings import CommandsSettings
from shared.messaging.signature import Verifier
from shared.runtime import compose
from tests.fakes.clock import ManualClock
from tests.pipeline import environment, no_parameters

DEVELOPMENT = {"APP_ENV": "development"}


@pytest.mark.parametrize(
    ("environ", "stage", "skips"),
    [
        (DEVELOPMENT, "local", True),
        ({}, "local", False),
        ({"APP_ENV": "Development"}, "local", False),
        ({"APP_ENV": "production"}, "local", False),
        (DEVELOPMENT, "dev", False),
        (DEVELOPMENT, "prod", False),
        (DEVELOPMENT, "LOCAL", False),
        (DEVELOPMENT | {"AWS_LAMBDA_FUNCTION_NAME": "f"}, "local", False),
        (DEVELOPMENT | {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}, "local", False),
        (DEVELOPMENT | {"LAMBDA_TASK_ROOT": "/var/task"}, "local", False),
    ],
)
def test_signatures_are_skipped_only_where_nothing_says_deployed(environ, stage, skips):
    assert compose.may_skip_signatures(environ, stage) is skips

    settings = CommandsSettings.load(environment() | {"STAGE": stage}, no_parameters)
    verify = compose.verification(settings, environ, no_parameters, ManualClock())
    assert isinstance(verify, Verifier) is not skips


def test_keys_come_from_the_settings_first_and_are_read_afresh_then():
    rotated = {
        "/pipe/secrets/QSTASH_CURRENT_SIGNING_KEY": "sig_rotated_current_0123456789ab",
        "/pipe/secrets/QSTASH_NEXT_SIGNING_KEY": "sig_rotated_following_0123456789",
    }
    reads: list[list[str]] = []

    def read(names: list[str]) -> Mapping[str, str]:
        reads.append(names)
        return rotated

    environ = environment() | {"CONFIG_PREFIX": "/pipe"}
    settings = CommandsSettings.load(environ, no_parameters)
    del environ["QSTASH_CURRENT_SIGNING_KEY"], environ["QSTASH_NEXT_SIGNING_KEY"]
    load = compose.signing_keys(settings, environ, read)

    first, second = load(), load()

    assert first.current == settings.qstash_current_signing_key.get_secret_value().encode()
    assert second.current == b"sig_rotated_current_0123456789ab"
    assert second.following == b"sig_rotated_following_0123456789"
    assert [set(names) for names in reads] == [set(rotated)]
