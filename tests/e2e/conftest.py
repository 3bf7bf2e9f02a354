"""One deployed stack for all end-to-end tests of a session: started before the first, always stopped."""

import sys
from collections.abc import Iterator

import pytest

from local.stack.home import Home
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
