"""Who operates is known without being asked, on machines that have no name for it too."""

import os
import pwd

import pytest

from ops.commands import parser
from ops.core import actor

VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


@pytest.fixture
def nobody(monkeypatch):
    """A container's user: a number without a name."""

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(os, "getuid", lambda: 12345)


COMMANDS = [
    ["stock", "restock", "mug", "1", "--reason", "x"],
    ["stock", "adjust", "mug", "--by", "1", "--reason", "x"],
    ["stock", "return", "mug", "1", "--order", "o", "--reason", "x"],
    ["stock", "import", "file.csv"],
    ["refunds", "settle", "ord_1", "--reference", "r"],
    ["mail", "resolve", "evt", "--as", "sent", "--reason", "x"],
    ["dead-letters", "replay", "evt", "--reason", "x"],
    ["dead-letters", "discard", "evt", "--reason", "x"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_user_without_a_name_is_called_by_the_number(nobody, command):
    assert parser().parse_args(command).operator == "uid 12345"
    assert parser().parse_args([*command, "--operator", "otto"]).operator == "otto"


def test_help_needs_no_name_at_all(monkeypatch, capsys):
    monkeypatch.setattr(actor, "current_user", lambda: pytest.fail("looked up"))

    with pytest.raises(SystemExit) as end:
        parser().parse_args(["stock", "restock", "--help"])

    assert end.value.code == 0
    assert "--operator NAME" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["caf\udce9", "two\nlines", " otto", "o" * 201])
def test_a_name_that_cannot_be_stored_is_no_name(nobody, monkeypatch, name, capsys):
    monkeypatch.setenv("LOGNAME", name)
    assert actor.current_user() == "uid 12345"

    with pytest.raises(SystemExit):
        parser().parse_args([*COMMANDS[0], "--operator", name])
    assert "--operator: must be 1 to 200 characters on one line" in capsys.readouterr().err
