"""A function starts once, and ahead of time only where Lambda says that it starts the process."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.messaging.consumer import Handler
from shared.runtime import startup
from tests.builders import Context

ROOT = Path(__file__).parents[4]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


@pytest.fixture(autouse=True)
def _collection_goes_on() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize(
    ("kind", "running", "keeps"),
    [
        ("on-demand", True, True),
        ("provisioned-concurrency", True, True),
        ("snap-start", True, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_connections_are_kept_wherever_lambda_starts_a_process_but_in_snapshots(
    monkeypatch, kind, running, keeps
):
    monkeypatch.delenv(startup.KIND, raising=False)
    if kind is not None:
        monkeypatch.setenv(startup.KIND, kind)

    assert startup.is_running() is running
    assert startup.keeps_connections() is keeps


def test_garbage_is_not_looked_for_until_the_start_is_over(monkeypatch):
    monkeypatch.setenv(startup.KIND, "on-demand")

    with startup.loading():
        paused = not gc.isenabled()

    assert paused
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_garbage_is_looked_for_again_after_a_start_that_failed(monkeypatch):
    monkeypatch.setenv(startup.KIND, "on-demand")

    with pytest.raises(RuntimeError), startup.loading():
        raise RuntimeError("no settings")

    assert gc.isenabled()


def test_outside_of_lambda_garbage_is_looked_for_as_ever(monkeypatch):
    monkeypatch.delenv(startup.KIND, raising=False)
    gc.unfreeze()

    with startup.loading():
        assert gc.isenabled()

    assert gc.get_freeze_count() == 0


def builds(made: list[int]) -> Handler:
    def make() -> Handler:
        made.append(1)
        return lambda _event, _context: {"statusCode": 200}

    return startup.handler(make)


def test_handler_is_built_on_its_first_use_and_only_then(monkeypatch):
    monkeypatch.delenv(startup.KIND, raising=False)
    made: list[int] = []
    handler = builds(made)
    assert made == []

    answers: list[Any] = [handler({}, Context()) for _ in range(3)]

    assert made == [1]
    assert answers == [{"statusCode": 200}] * 3


@pytest.mark.parametrize("kind", ["on-demand", "snap-start", "provisioned-concurrency"])
def test_handler_is_built_while_lambda_initialises(monkeypatch, kind):
    monkeypatch.setenv(startup.KIND, kind)
    made: list[int] = []

    builds(made)

    assert made == [1]


def test_handler_whose_build_failed_is_built_again_at_the_next_call():
    attempts: list[int] = []

    def make() -> Handler:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("no network yet")
        return lambda _event, _context: {"statusCode": 200}

    handler = startup.handler(make)

    with pytest.raises(RuntimeError):
        handler({}, Context())
    assert handler({}, Context()) == {"statusCode": 200}


IMPORT = """
import gc, importlib, sys
sys.path.insert(0, sys.argv[1])
seen = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic":
            seen.append(gc.isenabled())
sys.meta_path.insert(0, Watch())
try:
    importlib.import_module(f"functions.{sys.argv[2]}.handler")
except Exception as error:
    print(type(error).__name__)
print(seen, gc.isenabled())
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_pauses_the_search_before_it_loads_anything_large(function):
    """And takes it up again, even when it cannot be built, as here without its settings."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT, str(ROOT), function],
        env={startup.KIND: "on-demand"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["ConfigurationError", "[False] True"]
