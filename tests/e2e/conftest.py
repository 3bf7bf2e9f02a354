"""One deployed stack for all end-to-end tests of a session: started before the first, always stopped."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest

from local.stack.home import ROOT, Home
from local.stack.session import running_stack
from local.stack.stackfile import Stack
from local.terminal import Progress, Terminal
from tests.e2e.stack_client import Client


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, deployed by the real CDK, in a home of its own."""
    home = Home(tmp_path_factory.mktemp("stack"))
    # pytest shows what was written to stderr when the fixture fails, and nothing otherwise.
    with running_stack(home, Progress(Terminal(sys.stderr, live=False))) as running:
        yield running


@pytest.fixture(scope="session")
def client(stack: Stack) -> Iterator[Client]:
    """The stack from outside."""
    connected = Client.connect(stack)
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def ops(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[int, str]]:
    """Runs ``python -m ops`` against the stack; its exit status and what it printed."""
    file = tmp_path_factory.mktemp("ops") / "stack.json"
    file.write_text(json.dumps(asdict(stack)), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "ops", *arguments, "--stack", str(file)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run
