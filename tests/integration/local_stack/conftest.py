from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack import environment, processes
from local.stack.home import Home
from local.stack.processes import Process

Starter = Callable[..., Process]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def start(home: Home) -> Iterator[Starter]:
    """Starts processes of this home and makes sure that none outlives the test."""
    started: list[Process] = []

    def starter(name: str, *command: str) -> Process:
        process = processes.start(name, command, home, environment.of_child(home))
        started.append(process)
        return process

    yield starter
    processes.stop(started, home, grace=0.5)
