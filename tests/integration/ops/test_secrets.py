"""Setting and rotating the secrets of a stage, in the emulator's SSM and against a QStash of its own."""

import argparse
import datetime as dt
import io
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from local.stack.qstash import Server
from ops.core import finding
from ops.core.errors import OperatorError
from ops.core.qstash import QStashApi
from ops.core.redis_ping import ping
from ops.core.stage_account import caller_in
from ops.secrets import cli
from ops.secrets.change import SECONDS_BETWEEN, SecretChanges
from ops.secrets.prompt import secret_from_user
from ops.secrets.shape import checks
from ops.secrets.store import SecretStore
from shared.kernel.clock import SystemClock
from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import MAX_AGE_SECONDS, RotatingKeys, SigningKeys, Verifier
from tests.fakes.clock import ManualClock
from tests.signing import CHECKOUT_KEY, CURRENT_KEY, NEXT_CHECKOUT_KEY, NEXT_KEY, sign

URL = "https://orders.shop.test/"
WHO = "arn:aws:iam::210987654321:user/otto"


class Later(SystemClock):
    """A clock that is ahead of AWS."""

    def __init__(self, seconds: float = 0) -> None:
        self.ahead = dt.timedelta(seconds=seconds)

    def now(self) -> dt.datetime:
        return super().now() + self.ahead


@pytest.fixture
def own_qstash(services) -> Iterator[Server]:
    with services.another_qstash("token-of-one-test") as server:
        yield server


@pytest.fixture
def rotating(to_deploy, own_qstash) -> Any:
    """The stage, with a QStash that no other test rotates."""
    to_deploy.server = own_qstash
    to_deploy.prepare()
    return to_deploy


def store_of(stage) -> SecretStore:
    _, settings = stage.file()
    return SecretStore(stage.client("ssm"), settings.config_prefix, settings.secrets_key_arn)


def changes_of(
    stage, *, after: float = SECONDS_BETWEEN + 60, dry_run: bool = False
) -> SecretChanges:
    return SecretChanges(store_of(stage), Later(after), WHO, dry_run)


@pytest.fixture
def api(rotating) -> Iterator[QStashApi]:
    with urllib3.PoolManager() as pool:
        yield QStashApi(pool, rotating.server.url, rotating.server.token)


# ------------------------------------------------------------------ set
def test_a_secret_is_stored_encrypted_and_says_who_wrote_it(to_deploy):
    to_deploy.forget_secret("QSTASH_TOKEN")

    assert changes_of(to_deploy).set("QSTASH_TOKEN", "a-new-token") == "QSTASH_TOKEN: stored"

    name = "/order-pipeline/prod/secrets/QSTASH_TOKEN"
    found = to_deploy.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
    )["Parameters"][0]
    assert (found["Type"], found["KeyId"]) == ("SecureString", "alias/aws/ssm")
    assert WHO in found["Description"]
    assert to_deploy.secrets()["QSTASH_TOKEN"] == "a-new-token"


def test_a_secret_is_encrypted_with_the_stages_own_key(to_deploy):
    arn = f"arn:aws:kms:us-east-1:{to_deploy.account}:key/0a1b2c3d-0000-4000-8000-000000000000"
    to_deploy.facts = {"secrets_key_arn": arn}

    changes_of(to_deploy).set("QSTASH_TOKEN", "a-new-token")

    found = to_deploy.client("ssm").describe_parameters()["Parameters"]
    keys = {entry["Name"].rpartition("/")[2]: entry.get("KeyId") for entry in found}
    assert keys["QSTASH_TOKEN"] == arn
    assert store_of(to_deploy).under_other_keys(["QSTASH_TOKEN"]) == {}


def test_a_secret_under_another_key_is_encrypted_again_as_it_was(to_deploy):
    to_deploy.secret("ORDER_ID_KEY", to_deploy.secrets()["ORDER_ID_KEY"], key="alias/of-others")
    before = to_deploy.secrets()
    assert store_of(to_deploy).under_other_keys(before) == {"ORDER_ID_KEY": "alias/of-others"}

    changes_of(to_deploy).encrypt_again("ORDER_ID_KEY")

    assert store_of(to_deploy).under_other_keys(before) == {}
    assert to_deploy.secrets() == before


def versions(stage) -> dict[str, int]:
    found = stage.client("ssm").get_parameters_by_path(Path="/order-pipeline", Recursive=True)
    return {entry["Name"]: entry["Version"] for entry in found["Parameters"]}


def test_the_same_secret_again_writes_nothing(to_deploy):
    before = versions(to_deploy)

    said = changes_of(to_deploy).set("QSTASH_TOKEN", to_deploy.server.token)

    assert said == "QSTASH_TOKEN: unchanged, it is this value already"
    assert versions(to_deploy) == before


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("QSTASH_TOKEN", "two words", "must not contain blanks"),
        ("QSTASH_TOKEN", "first\nsecond", "line breaks"),
        ("QSTASH_TOKEN", "", "must not be empty"),
        ("QSTASH_NEXT_SIGNING_KEY", "sig_short", "at least 32 characters"),
        ("REDIS_URL", "redis://:pw@redis.shop.test:6379", "must be rediss://"),
        ("REDIS_URL", "redis.shop.test", "must be redis://"),
        ("CHECKOUT_CURRENT_SIGNING_KEY", CHECKOUT_KEY.removeprefix("whsec_"), "must be whsec_"),
        ("CHECKOUT_NEXT_SIGNING_KEY", "whsec_AAAA", "24 to 64 bytes"),
        ("ORDER_ID_KEY", "x" * 4097, "at most 4096"),
    ],
)
def test_a_value_that_no_function_starts_with_is_refused_and_not_shown(
    to_deploy, name, value, rule
):
    before = versions(to_deploy)

    with pytest.raises(OperatorError, match=rule) as refused:
        changes_of(to_deploy).set(name, value)

    assert str(refused.value).startswith(f"{name}: ")
    assert not value or value not in str(refused.value)
    assert versions(to_deploy) == before


def test_the_key_of_order_ids_is_made_once(to_deploy):
    to_deploy.forget_secret("ORDER_ID_KEY")
    changes = changes_of(to_deploy)

    said = changes.generate_order_id_key()
    made = to_deploy.secrets()["ORDER_ID_KEY"]

    assert made not in said
    assert len(bytes.fromhex(made)) == 32
    for value in ("0f" * 16 + "1e" * 16, made[::-1]):
        with pytest.raises(OperatorError):
            changes.set("ORDER_ID_KEY", value)
    with pytest.raises(OperatorError, match="never rotated"):
        changes.generate_order_id_key()
    assert to_deploy.secrets()["ORDER_ID_KEY"] == made


def test_a_key_of_order_ids_that_another_person_made_meanwhile_stays(to_deploy, monkeypatch):
    monkeypatch.setattr(SecretStore, "read", lambda _self, _names: {})

    with pytest.raises(OperatorError, match="is there already"):
        changes_of(to_deploy).generate_order_id_key()


@pytest.mark.parametrize(
    "act",
    [
        lambda changes: changes.set("QSTASH_TOKEN", "another-token-of-ours"),
        lambda changes: changes.encrypt_again("QSTASH_TOKEN"),
        lambda changes: changes.begin_checkout_keys(NEXT_CHECKOUT_KEY),
    ],
)
def test_a_dry_run_writes_nothing(to_deploy, act):
    before = versions(to_deploy)

    assert act(changes_of(to_deploy, dry_run=True)).startswith("dry run, nothing was changed")

    assert versions(to_deploy) == before


# ------------------------------------------------------------------ rotate
def is_believed(keys: RotatingKeys, signed_with: str) -> bool:
    clock = SystemClock()
    token = sign(URL, b"{}", clock.now().timestamp(), key=signed_with)
    try:
        Verifier(keys, clock)(token, b"{}", [URL])
    except UnauthenticatedError:
        return False
    return True


def warm_function(stage, clock: ManualClock) -> RotatingKeys:
    def load() -> SigningKeys:
        stored = stage.secrets()
        names = ("QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY")
        return SigningKeys(*(stored[name].encode() for name in names))

    return RotatingKeys(load, clock)


def test_what_qstash_signs_is_believed_at_every_moment_of_a_rotation(rotating, api, monkeypatch):
    """By functions that were warm before, and by those that start between any two steps."""
    warm = warm_function(rotating, ManualClock())
    moments: list[bool] = []

    def look() -> None:
        signs = api.call("GET", "/v2/keys").text("current")
        moments.append(is_believed(warm, signs))
        moments.append(is_believed(warm_function(rotating, ManualClock()), signs))

    put, call = SecretStore.put, QStashApi.call

    def watched_put(self: SecretStore, *arguments: Any, **options: Any) -> None:
        look()
        put(self, *arguments, **options)
        look()

    monkeypatch.setattr(SecretStore, "put", watched_put)
    changes_of(rotating).rotate_qstash_keys(api)

    keys = call(api, "GET", "/v2/keys")
    assert keys.text("current") == NEXT_KEY
    assert rotating.secrets()["QSTASH_CURRENT_SIGNING_KEY"] == NEXT_KEY
    assert rotating.secrets()["QSTASH_NEXT_SIGNING_KEY"] == keys.text("next")
    assert moments == [True] * 8


def test_an_interrupted_rotation_ends_without_a_second_one(rotating, api, monkeypatch):
    put = SecretStore.put
    monkeypatch.setattr(SecretStore, "put", _down)
    with pytest.raises(ClientError) as stopped:
        changes_of(rotating).rotate_qstash_keys(api)
    assert "run this again" in stopped.value.__notes__[0]
    monkeypatch.setattr(SecretStore, "put", put)
    halfway = api.call("GET", "/v2/keys").values

    said = changes_of(rotating, after=0).rotate_qstash_keys(api)

    assert said.endswith("brought in line with QStash; not rotated")
    assert api.call("GET", "/v2/keys").values == halfway
    assert rotating.secrets()["QSTASH_CURRENT_SIGNING_KEY"] == halfway["current"] == NEXT_KEY


def _down(*_arguments: Any, **_options: Any) -> None:
    raise ClientError({"Error": {"Code": "InternalServerError"}}, "PutParameter")


def test_a_second_rotation_waits_until_functions_have_read_the_first(rotating, api):
    changes_of(rotating).rotate_qstash_keys(api)
    before = api.call("GET", "/v2/keys").values

    with pytest.raises(OperatorError, match="too soon"):
        changes_of(rotating, after=MAX_AGE_SECONDS).rotate_qstash_keys(api)

    assert api.call("GET", "/v2/keys").values == before


def test_a_dry_run_rotates_nothing_at_qstash(rotating, api):
    assert "rotated" in changes_of(rotating, dry_run=True).rotate_qstash_keys(api)
    assert api.call("GET", "/v2/keys").values == {"current": CURRENT_KEY, "next": NEXT_KEY}


def test_a_refused_token_rotates_nothing(rotating, api):
    other = QStashApi(urllib3.PoolManager(), rotating.server.url, "revoked")

    with pytest.raises(OperatorError, match="QStash refuses the token"):
        changes_of(rotating).rotate_qstash_keys(other)

    assert api.call("GET", "/v2/keys").text("current") == CURRENT_KEY


def test_the_shops_key_is_rotated_with_both_believed_meanwhile(to_deploy):
    changes = changes_of(to_deploy)

    changes.begin_checkout_keys(NEXT_CHECKOUT_KEY)
    between = to_deploy.secrets()
    changes.finish_checkout_keys()
    after = to_deploy.secrets()

    assert between["CHECKOUT_CURRENT_SIGNING_KEY"] == CHECKOUT_KEY
    assert between["CHECKOUT_NEXT_SIGNING_KEY"] == NEXT_CHECKOUT_KEY
    assert after["CHECKOUT_CURRENT_SIGNING_KEY"] == NEXT_CHECKOUT_KEY
    assert "CHECKOUT_NEXT_SIGNING_KEY" not in after
    assert "nothing was changed" in changes.finish_checkout_keys()
    assert "unchanged" in changes.begin_checkout_keys(NEXT_CHECKOUT_KEY)


def test_the_old_key_is_not_forgotten_before_functions_know_the_new_one(to_deploy):
    changes_of(to_deploy).begin_checkout_keys(NEXT_CHECKOUT_KEY)
    before = to_deploy.secrets()

    with pytest.raises(OperatorError, match="too soon"):
        changes_of(to_deploy, after=10).finish_checkout_keys()

    assert to_deploy.secrets() == before


def test_a_second_new_key_of_the_shop_waits_for_the_end_of_the_first(to_deploy):
    changes = changes_of(to_deploy)
    changes.begin_checkout_keys(NEXT_CHECKOUT_KEY)

    with pytest.raises(OperatorError, match="--finish"):
        changes.begin_checkout_keys(
            "whsec_" + CHECKOUT_KEY.removeprefix("whsec_")[:31] + "ZZZZZZZZZZZZ="
        )


def test_a_token_is_stored_when_qstash_takes_it(rotating, api):
    rotating.secret("QSTASH_TOKEN", "the-token-before")

    assert changes_of(rotating).rotate_token(rotating.server.token, api) == "QSTASH_TOKEN: replaced"

    assert rotating.secrets()["QSTASH_TOKEN"] == rotating.server.token


@pytest.mark.parametrize("token", ["revoked-token"])
def test_a_token_that_qstash_refuses_is_not_stored(rotating, api, token):
    refused = QStashApi(urllib3.PoolManager(), rotating.server.url, token)
    before = rotating.secrets()

    with pytest.raises(OperatorError, match="refuses the token"):
        changes_of(rotating).rotate_token(token, refused)

    assert rotating.secrets() == before


def test_a_token_of_another_account_is_not_stored(rotating, api):
    rotating.secret("QSTASH_NEXT_SIGNING_KEY", "sig_0123456789abcdefghijklmnopqrstuv")
    rotating.secret("QSTASH_TOKEN", "the-token-before")

    with pytest.raises(OperatorError, match="another account or region"):
        changes_of(rotating).rotate_token(rotating.server.token, api)

    assert rotating.secrets()["QSTASH_TOKEN"] == "the-token-before"


def test_a_redis_that_does_not_answer_is_not_stored(to_deploy):
    before = to_deploy.secrets()

    with pytest.raises(OperatorError, match="cannot be reached"):
        changes_of(to_deploy).rotate_redis("rediss://127.0.0.1:9/0", ping)

    assert to_deploy.secrets() == before


def test_a_redis_that_answers_is_stored(to_deploy):
    moved = to_deploy.redis_url.replace("/0?", "/1?")

    assert changes_of(to_deploy).rotate_redis(moved, ping) == "REDIS_URL: replaced"

    assert to_deploy.secrets()["REDIS_URL"] == moved


# ------------------------------------------------------------------ the command
def options(action: str, name: str, **more: Any) -> argparse.Namespace:
    given = {"generate": False, "encrypt_again": False, "finish": False, "dry_run": False}
    return argparse.Namespace(action=action, name=name, stage="prod", **(given | more))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (options("set", "PASSWORD"), "no secret is called PASSWORD"),
        (options("set", "REDIS_URL", generate=True), "--generate"),
        (options("rotate", "ORDER_ID_KEY"), "never rotated"),
        (options("rotate", "QSTASH_NEXT_SIGNING_KEY"), "choose one of QSTASH_SIGNING_KEYS"),
        (options("rotate", "REDIS_URL", finish=True), "--finish"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_opened(given, told):
    with pytest.raises(OperatorError, match=told):
        cli.run(given)


def test_nothing_is_written_in_another_account(to_deploy):
    file, _ = to_deploy.file(account="210987654321")

    with pytest.raises(OperatorError, match=r"nothing was changed.*210987654321"):
        caller_in(file, lambda: to_deploy.client("sts"), "us-east-1")


def test_a_secret_that_was_given_as_an_argument_is_refused():
    ended = subprocess.run(
        [
            ".venv/bin/python",
            "-m",
            "ops",
            "secrets",
            "set",
            "QSTASH_TOKEN",
            "the-token",
            "--stage",
            "prod",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "unrecognized arguments" in ended.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_secret_comes_from_a_prompt_on_a_terminal_and_else_from_standard_input():
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    assert secret_from_user("REDIS_URL", stream=Terminal("shown"), ask=ask) == "typed"
    assert secret_from_user("REDIS_URL", stream=io.StringIO("piped\r\n"), ask=ask) == "piped"
    assert asked == ["REDIS_URL (not shown): "]
    for nothing in ("", "\n"):
        with pytest.raises(OperatorError, match="nothing was given"):
            secret_from_user("REDIS_URL", stream=io.StringIO(nothing), ask=ask)


def test_a_look_at_the_secrets_says_what_is_wrong_and_shows_none(to_deploy):
    to_deploy.forget_secret("REDIS_URL")
    to_deploy.secret("QSTASH_TOKEN", "two words")

    found = finding.found(checks(store_of(to_deploy), "prod", "signed"))

    shown = finding.shown(found)
    assert {name for name, said in found if said.state is finding.State.MEND} == {
        "REDIS_URL",
        "QSTASH_TOKEN",
    }
    assert "two words" not in shown
    assert shown.count("secrets set") == 2


def test_an_open_stage_needs_no_key_of_a_shop(to_deploy):
    to_deploy.forget_secret("CHECKOUT_CURRENT_SIGNING_KEY")

    found = finding.found(checks(store_of(to_deploy), "prod", "open"))

    assert finding.status(found) == 0
