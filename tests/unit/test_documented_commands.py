"""Commands that a page shows are commands that there are: targets, words, options and values."""

import argparse
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from commandline.arguments import Parser
from local.commands import COMMANDS
from ops import commands as ops

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {".venv", "node_modules", "cdk.out", ".local"}


def _shown() -> list[tuple[str, str]]:
    """Every line of a code block, with its page."""
    pages = [p for p in ROOT.rglob("*.md") if not LEFT_OUT & set(p.relative_to(ROOT).parts)]
    return [
        (str(page.relative_to(ROOT)), line.strip())
        for page in sorted(pages)
        for block in page.read_text(encoding="utf-8").split("```")[1::2]
        for line in block.splitlines()
    ]


def _words(line: str) -> list[str]:
    # A SKU may hold `#`; a comment has blanks around it.
    return shlex.split(re.split(r"\s+# ", line)[0])


def _understood(parser: argparse.ArgumentParser, arguments: list[str]) -> bool:
    try:
        parser.parse_args(arguments)
    except SystemExit as done:  # `--list` and `--help` answer at once
        return done.code == 0
    return True


@cache
def _operators() -> argparse.ArgumentParser:
    return ops.parser()


LINES = _shown()
MADE = [(page, line) for page, line in LINES if line.startswith("make ")]
OPS = [(page, line) for page, line in LINES if re.search(r"(?:^|/)python -m ops ", line)]
LOCAL = [(page, line) for page, line in LINES if re.search(r"(?:^|/)python -m local ", line)]


def test_pages_show_commands():
    assert len(MADE) > 10
    assert len(OPS) > 15
    assert len(LOCAL) > 8


@pytest.mark.parametrize(("page", "line"), MADE)
def test_what_make_is_asked_for_is_a_target(page, line):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {
        name
        for names in re.findall(r"^([a-z0-9][a-z0-9 -]*):(?: .*)?$", makefile, re.MULTILINE)
        for name in names.split()
    }
    asked = {word for word in _words(line)[1:] if "=" not in word}

    assert asked <= targets, page


@pytest.mark.parametrize(("page", "line"), OPS)
def test_an_operators_command_is_understood(page, line):
    arguments = _words(line.partition("python -m ops ")[2])

    assert _understood(_operators(), arguments), page


@pytest.mark.parametrize(("page", "line"), LOCAL)
def test_a_command_of_the_local_stack_is_understood(page, line):
    name, *arguments = _words(line.partition("python -m local ")[2])
    command = COMMANDS[name]
    parser: argparse.ArgumentParser = Parser(prog=page)
    for flag in command.flags:
        parser.add_argument(flag, action="store_true")
    if command.arguments is not None:
        command.arguments(parser)

    assert _understood(parser, arguments), page
