"""The commands as an operator types them: arguments, standard input, the emulator, exit status."""

import io
from collections.abc import Iterator
from typing import Any

import pytest

from ops.__main__ import main
from ops.preflight import cli as preflight
from ops.secrets import cli as secrets
from shared.runtime import botocore_clients
from tests.integration.ops.stage_to_deploy import StageToDeploy
from tests.services import aws_environment, product_clients


@pytest.fixture
def account(to_deploy, monkeypatch) -> Iterator[StageToDeploy]:
    """Its credentials in the environment, and its file where the commands look for it."""
    for command in (preflight, secrets):
        monkeypatch.setattr(command, "stage_of_file", lambda _name: to_deploy.file())
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with product_clients(
        {**aws_environment(to_deploy.services), "AWS_ACCESS_KEY_ID": to_deploy.account}
    ):
        yield to_deploy


def typed(monkeypatch: Any, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_secret_goes_from_standard_input_to_the_stage(account, monkeypatch, capsys):
    typed(monkeypatch, "a-new-token\n")

    assert main(["secrets", "set", "QSTASH_TOKEN", "--stage", "prod"]) == 0

    assert account.secrets()["QSTASH_TOKEN"] == "a-new-token"
    assert capsys.readouterr().out == "QSTASH_TOKEN: replaced\n"


@pytest.mark.parametrize("named", ["", "us-west-2"])
def test_the_region_is_the_file_s_whichever_the_environment_names(account, monkeypatch, named):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
        if named:
            monkeypatch.setenv(name, named)
    botocore_clients.forget()
    typed(monkeypatch, "a-new-token\n")

    assert main(["secrets", "set", "QSTASH_TOKEN", "--stage", "prod"]) == 0

    assert account.secrets()["QSTASH_TOKEN"] == "a-new-token"
    botocore_clients.forget()


def test_a_dry_run_says_what_would_be_done(account, monkeypatch, capsys):
    typed(monkeypatch, "a-new-token\n")

    assert main(["secrets", "set", "QSTASH_TOKEN", "--stage", "prod", "--dry-run"]) == 0

    assert account.secrets()["QSTASH_TOKEN"] == account.server.token
    assert "nothing was changed" in capsys.readouterr().out


def test_a_torn_secret_is_refused_in_one_line_without_it(account, monkeypatch, capsys):
    typed(monkeypatch, "sig_torn-in-two\n")

    assert main(["secrets", "set", "QSTASH_NEXT_SIGNING_KEY", "--stage", "prod"]) == 2

    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("QSTASH_NEXT_SIGNING_KEY: must be a real signing key")
    assert "torn-in-two" not in said.err


def test_the_shops_key_is_rotated_by_two_commands(account, monkeypatch, capsys):
    typed(monkeypatch, "whsec_YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8=\n")
    command = ["secrets", "rotate", "CHECKOUT_SIGNING_KEY", "--stage", "prod"]

    assert main(command) == 0
    assert "--finish" in capsys.readouterr().out
    assert main([*command, "--finish"]) == 2
    assert "too soon" in capsys.readouterr().err
    assert len(account.secrets()) == 7


def test_an_address_of_redis_is_tried_before_it_is_stored(account, monkeypatch, capsys):
    before = account.secrets()
    typed(monkeypatch, "rediss://127.0.0.1:9/0\n")

    assert main(["secrets", "rotate", "REDIS_URL", "--stage", "prod"]) == 2

    assert "cannot be reached" in capsys.readouterr().err
    assert account.secrets() == before


def test_stored_keys_that_are_not_qstashs_are_brought_in_line(account, capsys):
    account.secret("QSTASH_NEXT_SIGNING_KEY", "sig_0123456789abcdefghijklmnopqrstuv")

    assert main(["secrets", "rotate", "QSTASH_SIGNING_KEYS", "--stage", "prod"]) == 0

    assert "brought in line" in capsys.readouterr().out
    assert account.secrets()["QSTASH_NEXT_SIGNING_KEY"] == account.server.next_signing_key


@pytest.mark.parametrize(("lacks", "ends"), [("", 0), ("REDIS_URL", 1)])
def test_a_check_ends_with_what_it_found(account, capsys, lacks, ends):
    if lacks:
        account.forget_secret(lacks)

    assert main(["secrets", "check", "--stage", "prod"]) == ends

    assert ("to mend:" in capsys.readouterr().out) is bool(lacks)


def test_preflight_ends_with_what_it_found(account, capsys):
    account.forget_secret("REDIS_URL")

    assert main(["preflight", "--stage", "prod"]) == 1

    assert "secrets set REDIS_URL --stage prod" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["preflight"], ["secrets", "check"]])
def test_a_stage_without_a_file_is_told_how_to_get_one(command, capsys):
    assert main([*command, "--stage", "prod"]) == 2

    assert "make stage NAME=prod" in capsys.readouterr().err


def test_the_stage_of_a_laptop_needs_no_preparation(capsys):
    assert main(["preflight", "--stage", "local"]) == 2

    assert "make up" in capsys.readouterr().err
