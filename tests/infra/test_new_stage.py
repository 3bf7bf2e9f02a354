"""Writing a stage's file by asking, and without a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commandline.entry import REFUSED
from infra.new_stage import QUESTIONS, run
from infra.stage_file import FACTS, SCHEMA, read, schema
from tests.infra.test_stage_file import ACCOUNT, FACTS_GIVEN, REGION

FLAGS = [
    *("--account", ACCOUNT, "--region", REGION),
    *("--fact", "sender_domain=shop.test", "--fact", "alert_address=stock@shop.test"),
    *("--fact", "alarm_email=oncall@shop.test", "--fact", "storefront_auth=none"),
    *("--fact", "cors_origins=https://www.shop.test, https://shop.test"),
]


def answering(*answers: str) -> Callable[[str], str]:
    """A person at the terminal; one who has no answer left closes it."""
    left = list(answers)

    def ask(_question: str) -> str:
        if not left:
            raise EOFError
        return left.pop(0)

    return ask


def test_flags_alone_write_a_file_that_deploys(tmp_path: Path):
    """For machines: no question, no terminal."""
    assert run(["prod", *FLAGS], ask=None, folder=tmp_path) == 0

    content = json.loads((tmp_path / "prod.json").read_text())
    assert content == {
        "$schema": f"./{SCHEMA}",
        "account": ACCOUNT,
        "region": REGION,
        "facts": FACTS_GIVEN,
    }
    assert (tmp_path / SCHEMA).read_text() == schema()


def test_a_wrong_answer_is_asked_for_again_with_the_rule(tmp_path: Path, capsys):
    """By the rules of the file: what is accepted here is accepted there."""
    ask = answering(
        *("12", ACCOUNT, "nowhere", REGION, "no domain", "", "shop.test", "stock@shop.test"),
        *("oncall@shop.test", "*", "https://www.shop.test", "maybe", "signed"),
        *("yes", "jwt", "login", "https://login.shop.test", " , ", "web, app"),
    )

    assert run(["prod"], ask=ask, folder=tmp_path) == 0

    told = capsys.readouterr().err
    for rule in (
        "must be a domain name",
        "sender_domain: must not be empty",
        "wildcard",
        "jwt_issuer: must",
    ):
        assert rule in told
    known = read("prod", tmp_path)
    assert known is not None
    settings = known.settings()
    assert (settings.storefront_auth, settings.jwt_audience) == ("jwt", ("web", "app"))


def test_what_flags_say_is_not_asked(tmp_path: Path):
    """Only what is missing."""
    assert run(["prod", *FLAGS], ask=answering("open"), folder=tmp_path) == 0
    assert json.loads((tmp_path / "prod.json").read_text())["facts"]["checkout_trust"] == "open"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["local", *FLAGS], "local: needs no file"),
        (["prd", *FLAGS], "unknown stage 'prd'"),
        (["../prod", *FLAGS], "unknown stage"),
        (["prod", *FLAGS[2:]], "account: is required"),
        (["prod", *FLAGS[:4]], "facts.sender_domain: is required"),
        (["prod", *FLAGS[:-2]], "facts.cors_origins: is still an example"),
        (["prod", *FLAGS, "--fact", "qstash_token=x"], "--fact qstash_token: must be NAME=VALUE"),
        (["prod", *FLAGS, "--fact", "sender_domain"], "--fact sender_domain: must be NAME=VALUE"),
        (["prod", *FLAGS, "--fact", "max_units_per_order=many"], "max_units_per_order: "),
        (["prod", *FLAGS, "--account", "7"], "account: "),
    ],
)
def test_nothing_is_written_of_what_would_be_refused(
    tmp_path: Path, capsys, arguments: list[str], rule: str
):
    """The person who writes the file can mend it at once."""
    assert run(arguments, ask=None, folder=tmp_path) == REFUSED
    assert rule in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(tmp_path: Path, capsys):
    """It is a stage's whole knowledge."""
    path = tmp_path / "prod.json"
    path.write_text("mine")

    assert run(["prod", *FLAGS], ask=None, folder=tmp_path) == REFUSED
    assert path.read_text() == "mine"
    assert "is there already" in capsys.readouterr().err
    assert run(["prod", *FLAGS, "--force"], ask=None, folder=tmp_path) == 0
    assert path.read_text() != "mine"


def test_answers_that_end_early_write_nothing(tmp_path: Path, capsys):
    """Ctrl-D is no answer."""
    assert run(["prod"], ask=answering(ACCOUNT), folder=tmp_path) == REFUSED
    assert "nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_every_question_is_about_something_that_the_file_has():
    """A fact that was renamed would be asked for in vain."""
    assert set(QUESTIONS) <= {"account", "region", *FACTS}
