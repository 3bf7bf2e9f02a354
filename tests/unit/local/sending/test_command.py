"""The command line of `send`, up to the point where something is sent."""

import io
import json
import sys

import pytest

from local.__main__ import main


class Input:
    """Standard input of a program."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.fixture
def send(tmp_path, capsys, monkeypatch):
    """Runs `send` where no stack is; its exit code and what it said."""

    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Input(stdin))
        try:
            code = main(["--home", str(tmp_path), "send", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_without_a_stack_it_says_how_to_start_one(send):
    code, _, error = send("orders", "order.confirmed")

    assert code == 1
    assert "`make up` starts one" in error


def test_an_unknown_topic_is_answered_with_the_known_ones(send):
    code, _, error = send("ordrs", "order.confirmed")

    assert code == 2
    for topic in ("commands", "orders", "notifications", "inventory", "analytics"):
        assert topic in error


def test_the_list_needs_no_stack_and_no_topic(send):
    code, said, _ = send("--list")

    assert code == 0
    assert "order.confirmed" in said
    assert "shows" in said


@pytest.mark.parametrize("missing", ["nowhere.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(send, missing):
    code, _, error = send("orders", missing)

    assert code == 1
    assert "cannot be read" in error
    assert "--list" in error


def test_standard_input_is_read_and_its_fault_is_named(send):
    code, _, error = send("orders", "-", stdin=b"{bad")

    assert code == 1
    assert "- is not JSON" in error
    assert "--raw" in error


def test_raw_bytes_are_not_judged_wherever_the_option_stands(send, tmp_path):
    file = tmp_path / "bad.json"
    file.write_bytes(b"{bad")

    for arguments in (["--raw", "orders", str(file)], ["orders", "--raw", str(file)]):
        code, _, error = send(*arguments)
        assert code == 1
        assert "no stack" in error, "that is all that is wrong"


@pytest.mark.parametrize("option", [["--set", "a=1"], ["--keep-id"]])
def test_raw_bytes_cannot_be_changed(send, option):
    code, _, error = send("orders", "-", "--raw", *option, stdin=json.dumps({}).encode())

    assert code == 1
    assert "leave out --set and --keep-id" in error
