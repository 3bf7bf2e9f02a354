"""A stage's file: what it must say, what it refuses, and that editors know the same rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra import app as application
from infra.app import add_stage, project_context
from infra.settings import OVERRIDES, StageError, StageSettings
from infra.stage_file import FACTS, FOLDER, SCHEMA, StageFile, read, schema

ACCOUNT, REGION = "210987654321", "eu-central-1"
FACTS_GIVEN = {
    "sender_domain": "shop.test",
    "alert_address": "stock@shop.test",
    "alarm_email": "oncall@shop.test",
    "storefront_auth": "none",
    "cors_origins": ["https://www.shop.test", "https://shop.test"],
}
JWT = {"jwt_issuer": "https://login.shop.test", "jwt_audience": ["web"]}


def write(folder: Path, *, stage: str = "prod", without: str = "", **changes: Any) -> Path:
    """A file as `make stage` writes it, with changes; `facts` changes the facts."""
    facts = FACTS_GIVEN | changes.pop("facts", {})
    facts.pop(without, None)
    content = {"$schema": f"./{SCHEMA}", "account": ACCOUNT, "region": REGION, "facts": facts}
    content |= changes
    content.pop(without, None)
    path = folder / f"{stage}.json"
    path.write_text(json.dumps(content))
    return path


def said(folder: Path, stage: str = "prod") -> str:
    """Why the stage's file is refused."""
    with pytest.raises(StageError) as refused:
        settings_of(folder, stage)
    return str(refused.value)


def settings_of(folder: Path, stage: str) -> StageSettings:
    """The settings that the file makes."""
    known = read(stage, folder)
    assert known is not None
    return known.settings()


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_facts_of_the_file_are_the_settings_of_the_stage(tmp_path: Path, stage: str):
    """Nothing needs to be said again on the command line."""
    write(tmp_path, stage=stage, facts={"max_units_per_order": 7, **JWT, "storefront_auth": "jwt"})

    known = read(stage, tmp_path)

    assert known is not None
    settings = known.settings()
    assert settings.stage == stage
    assert settings.cors_origins == ("https://www.shop.test", "https://shop.test")
    assert (settings.max_units_per_order, settings.storefront_auth) == (7, "jwt")
    assert settings.jwt_audience == ("web",)


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"facts": {"sender_domain": "-"}}, "facts.sender_domain", "must be a domain name"),
        ({"facts": {"sender_domain": ""}}, "facts.sender_domain", "must not be empty"),
        ({"facts": {"sender_domain": "shop.example"}}, "facts.sender_domain", "still an example"),
        ({"facts": {"cors_origins": ["https://a.example"]}}, "facts.cors_origins", "an example"),
        ({"without": "cors_origins"}, "facts.cors_origins", "still an example"),
        ({"facts": {"cors_origins": ["*"]}}, "facts.cors_origins.0", "never a wildcard"),
        ({"without": "alarm_email"}, "facts.alarm_email", "is required"),
        ({"facts": {"alarm_email": ""}}, "facts.alarm_email", "who hears of alarms"),
        ({"without": "storefront_auth"}, "facts.storefront_auth", "is required"),
        ({"facts": {"storefront_auth": "basic"}}, "facts.storefront_auth", "'jwt' or 'none'"),
        ({"facts": {"storefront_auth": "jwt"}}, "facts.storefront_auth", "needs jwt_issuer"),
        ({"facts": JWT}, "facts.storefront_auth", "none has no jwt_issuer"),
        ({"facts": {"jwt_issuer": "https://a.test"}}, "facts", "go together"),
        ({"facts": {"max_units_per_order": 0}}, "facts.max_units_per_order", "greater than"),
        ({"facts": {"qstash_token": "s3cr3t"}}, "facts.qstash_token", "secrets belong to SSM"),
        ({"facts": {"api_gateway_url": "http://a"}}, "facts.api_gateway_url", "is no field"),
        ({"account": 210987654321}, "account", "valid string"),
        ({"account": "2109"}, "account", "pattern"),
        ({"account": "123456789012"}, "account", "is an example"),
        ({"account": "000000000000"}, "account", "is an example"),
        ({"region": "Frankfurt"}, "region", "pattern"),
        ({"without": "account"}, "account", "is required"),
        ({"without": "region"}, "region", "is required"),
        ({"without": "facts"}, "facts", "is required"),
        ({"facts_": {}}, "facts_", "is no field"),
        ({"acc\u200bount": "1"}, "acc\\u200bount", "is no field"),
        ({"facts": {"alarm\u005femail\u202e": "a@b.test"}}, "\\u202e", "is no field"),
    ],
)
def test_a_refusal_names_file_field_and_rule(tmp_path: Path, changes, field: str, rule: str):
    """And repeats no value: what was put in the wrong place may be a secret."""
    write(tmp_path, **changes)

    text = said(tmp_path)

    assert text.startswith(f"{tmp_path}/prod.json: ")
    assert f"{field}: " in text
    assert rule in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize("text", ["", "[", "[]", "1", '{"account":"1","account":"2"}', "\xff"])
def test_what_is_no_object_is_refused_by_the_file_s_name(tmp_path: Path, text: str):
    """Doubled fields, too: one of two accounts would be a guess."""
    (tmp_path / "dev.json").write_bytes(text.encode("latin-1"))

    assert "dev.json: " in said(tmp_path, "dev")


def adding(folder: Path, environ: dict[str, str], **context: str) -> None:
    """What the CDK command line starts."""
    add_stage(App(context=project_context() | context), environ, folder)


def test_another_account_than_the_file_s_is_refused(tmp_path: Path):
    """One forgotten profile must not put production into another account."""
    write(tmp_path)

    with pytest.raises(
        StageError, match="account: is 210987654321, but your credentials"
    ) as refused:
        adding(tmp_path, {"CDK_DEFAULT_ACCOUNT": "111111111111"}, stage="prod")
    assert "prod.json: " in str(refused.value)


def test_facts_on_the_command_line_are_refused_where_a_file_has_them(tmp_path: Path):
    """The next deployment would forget them, and open what they locked."""
    write(tmp_path)

    with pytest.raises(StageError, match=r"prod.json: facts.jwt_issuer: .*instead of -c"):
        adding(tmp_path, {}, stage="prod", jwt_issuer="https://login.shop.test")


def test_nothing_is_deployed_without_a_file_and_the_refusal_says_how_to_move(tmp_path: Path):
    """With credentials the CDK command line names the account."""
    given = {"sender_domain": "shop.test", "alarm_email": "oncall@shop.test"}

    with pytest.raises(StageError, match=r"staging\.json: there is no such file") as refused:
        adding(tmp_path, {"CDK_DEFAULT_ACCOUNT": ACCOUNT}, stage="staging", **given)

    assert "make stage NAME=staging" in str(refused.value)
    assert "--fact sender_domain=… --fact alarm_email=…" in str(refused.value)


@pytest.mark.parametrize(
    ("stage", "has_file", "environ", "place"),
    [
        ("prod", True, {}, (ACCOUNT, REGION)),
        (
            "prod",
            True,
            {"CDK_DEFAULT_ACCOUNT": ACCOUNT, "CDK_DEFAULT_REGION": REGION},
            (ACCOUNT, REGION),
        ),
        # What the CDK command line says where nothing names a region, with and without credentials.
        ("prod", True, {"CDK_DEFAULT_REGION": "us-east-1"}, (ACCOUNT, REGION)),
        (
            "prod",
            True,
            {"CDK_DEFAULT_ACCOUNT": ACCOUNT, "CDK_DEFAULT_REGION": "us-east-1"},
            (ACCOUNT, REGION),
        ),
        ("prod", False, {}, None),
        ("local", True, {"CDK_DEFAULT_ACCOUNT": "000000000000"}, None),
        ("local", False, {"CDK_DEFAULT_ACCOUNT": "000000000000"}, None),
    ],
)
def test_stacks_of_a_file_go_to_its_account_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, has_file: bool, environ, place
):
    """The stack of a laptop needs no file, and a look at the templates no credentials."""
    if has_file:
        write(tmp_path, stage=stage)
    built: list[Any] = []
    monkeypatch.setattr(application, "build", lambda *given: built.append(given))

    adding(tmp_path, environ, stage=stage)

    ((_, settings, *places),) = built
    assert settings.stage == stage
    assert settings.sender_domain == ("shop.test" if place else "shop.example")
    assert [(found.account, found.region) for found in places] == ([place] if place else [])


def test_a_stage_with_a_file_synthesizes_for_its_account_without_credentials(tmp_path: Path):
    """No finding of the checks depends on the account being unknown."""
    write(tmp_path, facts={**JWT, "storefront_auth": "jwt"})
    app = App(context=project_context() | {"stage": "prod"}, outdir=str(tmp_path / "out"))

    stacks = add_stage(app, {}, tmp_path)
    app.synth()

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    named = manifest["artifacts"][stacks.pipeline.stack_name]["environment"]
    assert named == f"aws://{ACCOUNT}/{REGION}"


# ------------------------------------------------------------------ what editors know
def test_the_schema_beside_the_files_is_the_one_of_the_settings():
    """`make docs` writes it."""
    assert (FOLDER / SCHEMA).read_text() == schema()


def test_every_fact_that_a_deployer_may_give_is_in_the_schema_and_none_of_the_emulator():
    """A new one appears by itself."""
    known = json.loads(schema())["$defs"]["Facts"]

    assert set(known["properties"]) == set(FACTS)
    assert set(FACTS) == set(OVERRIDES) - {"api_gateway_url"} | {"storefront_auth"}
    assert set(known["required"]) == {
        "sender_domain",
        "alert_address",
        "alarm_email",
        "storefront_auth",
    }
    assert not [name for name in FACTS if re.search("token|signing|password|redis_url", name)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[!.]*.json")))
def test_every_file_that_is_checked_in_is_accepted(path: Path):
    """A deployer's own files included: they are found wrong here, not in the deployment."""
    if path.name == SCHEMA:
        assert set(json.loads(path.read_text())["required"]) == {"account", "region", "facts"}
        return
    known = read(path.stem)
    assert known is not None
    known.settings()


def test_the_schema_field_is_taken_and_needs_no_value():
    """It is for editors."""
    content = {"account": ACCOUNT, "region": REGION, "facts": FACTS_GIVEN}

    assert StageFile.model_validate(content).schema_ == f"./{SCHEMA}"
