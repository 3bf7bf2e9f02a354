"""What preflight says of a stage with each fault that a first deployment meets; and that it changes
nothing."""

from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from ops.core import finding
from ops.core.finding import Finding, State
from ops.core.qstash import QStashApi
from ops.preflight.qstash import QStashChecks
from ops.preflight.run import Preflight

PAGE = Path(__file__).parents[3] / "docs/deploying.md"
OF_THE_MACHINE = finding.Check(
    "Python for bytecode", lambda: finding.ok("python3.13 at /usr/bin/python3.13")
)


def look(stage, *, account: str = "", region: str = "", **options: Any) -> dict[str, Finding]:
    """Every finding by its check."""
    file, settings = stage.file(account=account, region=region)
    with urllib3.PoolManager() as pool:
        preflight = Preflight(
            file, settings, stage.client, pool, on_machine=lambda: [OF_THE_MACHINE], **options
        )
        found = preflight.findings()
    assert not any(value in finding.shown(found) for value in stage.secrets().values())
    return dict(found)


def bad(findings: dict[str, Finding]) -> set[str]:
    return {name for name, found in findings.items() if found.state is not State.OK}


def test_a_stage_that_lacks_nothing_is_fine(to_deploy):
    found = look(to_deploy, publish=True)

    assert {name: said for name, said in found.items() if said.state is not State.OK} == {}
    assert finding.status(list(found.items())) == 0
    assert {"Lambda concurrency", "Redis", "REDIS_URL", "QStash takes a message"} <= found.keys()


def test_looking_changes_nothing(to_deploy):
    before = to_deploy.secrets()
    messages = to_deploy.services.qstash_call("GET", "/v2/logs")

    look(to_deploy)

    assert to_deploy.secrets() == before
    assert to_deploy.services.qstash_call("GET", "/v2/logs") == messages


def low_version(stage):
    stage.parameter("/cdk-bootstrap/hnb659fds/version", "5", kind="String")


def no_bootstrap(stage):
    stage.client("ssm").delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")


def sandbox(stage):
    stage.client("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://shop.test", ProductionAccessEnabled=False
    )


def identity_of_others(stage):
    stage.client("sesv2").create_email_identity(EmailIdentity="shop.test")


def no_token(stage):
    stage.forget_secret("QSTASH_TOKEN")


def torn_key(stage):
    stage.secret("QSTASH_CURRENT_SIGNING_KEY", "sig_short")


def order_ids_by_hand(stage):
    stage.secret("ORDER_ID_KEY", "changeme-changeme-changeme-changeme-9")


def plain_text(stage):
    stage.forget_secret("CHECKOUT_CURRENT_SIGNING_KEY")
    stage.secret(
        "CHECKOUT_CURRENT_SIGNING_KEY",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        kind="String",
    )


def other_key(stage):
    stage.secret("REDIS_URL", stage.redis_url, key="alias/somebody-elses")


def other_signing_keys(stage):
    stage.secret("QSTASH_NEXT_SIGNING_KEY", "sig_0123456789abcdefghijklmnopqrstuv")


def revoked_token(stage):
    stage.secret("QSTASH_TOKEN", "a-token-that-was-revoked")


def plain_redis(stage):
    stage.secret("REDIS_URL", stage.services.redis_url)


def unverified_redis(stage):
    stage.secret("REDIS_URL", stage.redis_url.partition("?")[0] + "?ssl_cert_reqs=none")


def untrusted_redis(stage):
    stage.secret("REDIS_URL", stage.redis_url.partition("?")[0])


def wrong_password(stage):
    stage.secret("REDIS_URL", stage.redis_url.replace("rediss://", "rediss://:wrong@"))


def no_redis(stage):
    stage.secret("REDIS_URL", "rediss://127.0.0.1:9/0")


REFUSED = {"QStash token and region", "QStash signing keys", "QStash plan"} | {
    f"QStash flow control, {topic}"
    for topic in ("commands", "orders", "notifications", "inventory", "analytics")
}
SET = ".venv/bin/python -m ops secrets set"


@pytest.mark.parametrize(
    ("plant", "check", "told", "command", "also"),
    [
        (
            low_version,
            "CDK bootstrap",
            "version 5, and 6 is needed",
            "make bootstrap STAGE=prod",
            (),
        ),
        (no_bootstrap, "CDK bootstrap", "never prepared", "make bootstrap STAGE=prod", ()),
        (sandbox, "SES sending", "in the sandbox", "aws sesv2 put-account-details", ()),
        (
            identity_of_others,
            "SES identity",
            "no stack of this stage made it",
            "--import-existing",
            (),
        ),
        (no_token, "QSTASH_TOKEN", "missing", f"{SET} QSTASH_TOKEN --stage prod", REFUSED),
        (
            torn_key,
            "QSTASH_CURRENT_SIGNING_KEY",
            "at least 32 characters",
            f"{SET} QSTASH_CURRENT_SIGNING_KEY --stage prod",
            {"QStash signing keys"},
        ),
        (
            order_ids_by_hand,
            "ORDER_ID_KEY",
            "only if no order was ever taken",
            "aws ssm delete",
            (),
        ),
        (plain_text, "CHECKOUT_CURRENT_SIGNING_KEY", "in plain text", "aws ssm delete", ()),
        (
            other_key,
            "KMS key of the secrets",
            "REDIS_URL (alias/somebody-elses)",
            "--encrypt-again",
            (),
        ),
        (
            other_signing_keys,
            "QStash signing keys",
            "QSTASH_NEXT_SIGNING_KEY: not what QStash has",
            "secrets rotate QSTASH_SIGNING_KEYS",
            (),
        ),
        (
            revoked_token,
            "QStash token and region",
            "refuses the token",
            f"{SET} QSTASH_TOKEN",
            REFUSED,
        ),
        (plain_redis, "REDIS_URL", "rediss://", f"{SET} REDIS_URL --stage prod", {"Redis"}),
        (unverified_redis, "Redis", "any server may answer", f"{SET} REDIS_URL", ()),
        (untrusted_redis, "Redis", "certificate is not trusted", f"{SET} REDIS_URL", ()),
        (wrong_password, "Redis", "refuses the user or the password", f"{SET} REDIS_URL", ()),
        (no_redis, "Redis", "cannot be reached", f"{SET} REDIS_URL", ()),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_fault_is_found_with_the_command_that_mends_it(
    to_deploy, plant, check, told, command, also
):
    plant(to_deploy)

    found = look(to_deploy)

    assert found[check].state is State.MEND
    assert told in found[check].said
    assert command in found[check].command
    assert bad(found) == {check, *also}
    assert finding.status(list(found.items())) == finding.TO_MEND


def test_a_secret_that_is_put_back_by_another_run_is_of_the_same_stage(to_deploy):
    to_deploy.stage = "staging"

    found = look(to_deploy)

    assert found["ORDER_ID_KEY"].command == f"{SET} ORDER_ID_KEY --stage staging --generate"


def test_nothing_is_asked_in_another_account(to_deploy):
    found = look(to_deploy, account="210987654321")

    assert found["account and region"].state is State.MEND
    assert "is 210987654321, but your credentials are for" in found["account and region"].said
    others = {
        name: said
        for name, said in found.items()
        if name not in {"account and region", OF_THE_MACHINE.name}
    }
    assert {said.state for said in others.values()} == {State.UNKNOWN}
    assert not any(said.command for said in others.values())


def test_another_region_is_another_place(to_deploy):
    found = look(to_deploy, region="eu-central-1")

    assert found["account and region"].command.startswith("export AWS_REGION=eu-central-1")


def test_what_the_stage_has_reserved_counts_for_it(to_deploy):
    class Functions:
        """Lambda with a quota of 500, of which this stage has its 321 already."""

        reserved = 321

        def close(self) -> None:
            """There is nothing to close."""

        def get_account_settings(self) -> Any:
            return {
                "AccountLimit": {
                    "ConcurrentExecutions": 500,
                    "UnreservedConcurrentExecutions": 500 - 321,
                }
            }

        def get_function_concurrency(self, FunctionName: str) -> Any:  # noqa: N803
            name = FunctionName.removeprefix("order-pipeline-prod-")
            places = to_deploy.file()[1].reserved_concurrency[name]
            return {"ReservedConcurrentExecutions": places} if self.reserved else {}

    to_deploy.client("lambda").close()
    to_deploy._clients["lambda"] = functions = Functions()

    assert look(to_deploy)["Lambda concurrency"].state is State.OK

    functions.reserved = 0
    found = look(to_deploy)["Lambda concurrency"]
    assert "0 are left" not in found.said
    assert "79 are left" in found.said
    assert "--desired-value 742" in found.command


def test_an_account_with_a_new_accounts_quota_cannot_reserve(to_deploy, monkeypatch):
    small = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    client = to_deploy.client("lambda")
    monkeypatch.setattr(client, "get_account_settings", lambda: {"AccountLimit": small})

    found = look(to_deploy)["Lambda concurrency"]

    assert found.state is State.MEND
    assert "--desired-value 421 " in f"{found.command} "


def test_a_permission_that_is_missing_is_unknown_and_stops_nothing(to_deploy, monkeypatch):
    refusal = {
        "Error": {
            "Code": "AccessDeniedException",
            "Message": "User: x is not authorized to perform: ses:GetAccount on resource: y",
        }
    }

    def refuse() -> Any:
        raise ClientError(refusal, "GetAccount")

    monkeypatch.setattr(to_deploy.client("sesv2"), "get_account", refuse)

    found = look(to_deploy)

    assert found["SES sending"].state is State.UNKNOWN
    assert "not allowed: ses:GetAccount" in found["SES sending"].said
    assert bad(found) == {"SES sending"}
    assert finding.status(list(found.items())) == finding.UNKNOWN
    assert finding.status(list(found.items()), allow_unknown=True) == 0


def test_a_mistake_in_a_check_hides_no_other_and_shows_no_secret(to_deploy, monkeypatch):
    def broken() -> Any:
        raise RuntimeError(to_deploy.redis_url)

    monkeypatch.setattr(to_deploy.client("sesv2"), "get_account", broken)

    found = look(to_deploy)

    assert found["SES sending"].said == "this check itself failed (RuntimeError)"
    assert bad(found) == {"SES sending"}


def test_a_token_of_the_other_region_is_told(to_deploy):
    _, settings = to_deploy.file()
    here, there = to_deploy.server.url, to_deploy.services.qstash
    with urllib3.PoolManager() as pool:
        api = QStashApi(pool, here, there.token)
        checks = QStashChecks(settings, lambda: api, dict, regions=(here, there.url))
        found = dict(finding.found(checks.all(publish=False)))

    told = found["QStash token and region"]
    assert told.state is State.MEND
    assert f'"qstash_url": "{there.url}"' in told.command


def test_a_token_is_shown_to_no_server_that_is_not_qstash(to_deploy):
    to_deploy.secret("QSTASH_TOKEN", "a-token-that-was-revoked")

    told = look(to_deploy)["QStash token and region"]

    # The regions of QStash are on the internet: asking them from here would say so.
    assert told.said.startswith(f"{to_deploy.server.url} refuses the token")


def test_a_plan_that_is_too_small_is_told_and_refuses_the_message(to_deploy):
    with to_deploy.services.another_qstash("of-a-free-plan", "--quota", "free") as server:
        to_deploy.server = server
        to_deploy.secret("QSTASH_TOKEN", server.token)
        found = look(to_deploy, publish=True)

    assert "10 deliveries at once, and commands alone may take 40" in found["QStash plan"].said
    assert "maxRetries" in found["QStash takes a message"].said
    assert "choose pay as you go" in found["QStash takes a message"].command
    assert bad(found) == {"QStash plan", "QStash takes a message"}


@pytest.mark.parametrize(
    ("change", "told", "mended_by"),
    [
        ("pause", "paused", "/resume"),
        ("pin?parallelism=7", "pinned to 7 at once", "/unpin?parallelism=true"),
    ],
)
def test_a_topic_that_was_changed_by_hand_is_told(to_deploy, change, told, mended_by):
    key = "order-pipeline-prod-orders"
    with (
        to_deploy.services.another_qstash("by-hand", parallelism=100) as server,
        urllib3.PoolManager() as pool,
    ):
        to_deploy.server = server
        to_deploy.secret("QSTASH_TOKEN", server.token)
        api = QStashApi(pool, server.url, server.token)
        assert api.call("POST", f"/v2/flowControl/{key}/{change}").status == 200
        found = look(to_deploy)
        command = found["QStash flow control, orders"].command
        mending = command.rpartition(server.url)[2]
        assert api.call("POST", mending).status == 200
        after = look(to_deploy)

    assert told in found["QStash flow control, orders"].said
    assert command.endswith(f"/v2/flowControl/{key}{mended_by}")
    assert bad(found) == {"QStash flow control, orders"}
    assert bad(after) == set()


def test_the_token_goes_to_no_address_in_plain_text(to_deploy):
    to_deploy.facts = {"qstash_url": "http://qstash.shop.test"}

    found = look(to_deploy)

    assert found["QStash token and region"].state is State.MEND
    assert "not https" in found["QStash token and region"].said
    assert "is asked nothing" in found["QStash plan"].said


def test_qstash_that_is_down_is_unknown(to_deploy):
    to_deploy.facts = {"qstash_url": "http://127.0.0.1:9"}

    assert bad(look(to_deploy)) == REFUSED


def test_what_the_emulator_does_not_know_of_texts_is_unknown(to_deploy):
    found = look(to_deploy, sms=True)

    assert bad(found) == {"SMS sandbox", "SMS spending limit"}
    assert "InvalidAction" in found["SMS sandbox"].said


def test_the_page_shows_what_is_shown(to_deploy):
    no_bootstrap(to_deploy)
    to_deploy.forget_secret("REDIS_URL")
    found = look(to_deploy)

    shown = finding.shown(list(found.items()))
    for here, on_the_page in (
        (to_deploy.account, "210987654321"),
        ("iam::210987654321:root", "iam::210987654321:user/otto"),
        (to_deploy.region, "eu-central-1"),
        (to_deploy.server.url, "https://qstash.upstash.io"),
        ("shop.test", "shop.com"),
    ):
        shown = shown.replace(here, on_the_page)
    assert f"```\n$ make preflight STAGE=prod\n{shown}\n```" in PAGE.read_text(encoding="utf-8")
