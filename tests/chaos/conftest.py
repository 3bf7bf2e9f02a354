"""One stack for the scenarios, in which everything can be made to fail."""

import random
import sys
from collections.abc import Iterator

import pytest

from local.stack.home import Home
from local.terminal import Progress, Terminal
from tests.chaos.rig import Rig, running_rig


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The rig, stopped at the end with all that was started."""
    home = Home(tmp_path_factory.mktemp("chaos"))
    progress = Progress(Terminal(sys.stderr, live=False))
    with running_rig(home, progress, random.Random(1)) as running:
        yield running
