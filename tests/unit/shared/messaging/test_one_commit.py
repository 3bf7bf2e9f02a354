"""Commit, publish and finish stand in one place of the product, and so does the loop over contention."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[4]
PRODUCT = ("shared", "functions", "ops")
HEART = "shared/messaging/transactional_outbox.py"
LEDGER = "shared/messaging/ledger.py"
# These only ask the ledger of another consumer whether it knows an event.
READERS = {"shared/messaging/dead_letters/store.py"}


@cache
def _sources() -> dict[str, ast.Module]:
    files = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in files
    }


def _calls(module: ast.Module) -> Iterator[tuple[str, str]]:
    """What is called: the text of the object, without ``self._``, and the method."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            yield owner.rpartition(".")[2].lstrip("_").lower(), node.func.attr


def _imports(module: ast.Module, source: str, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == source
        and name in [alias.name for alias in node.names]
        for node in ast.walk(module)
    )


def _knows_the_ledger() -> set[str]:
    return {
        path
        for path, module in _sources().items()
        if _imports(module, "shared.messaging.ledger", "Ledger")
    }


def test_one_module_commits_to_the_ledger():
    """The others cannot: they do not know the class, whatever they call their attributes."""
    assert _knows_the_ledger() == {HEART, *READERS}
    for path in READERS:
        called = {method for owner, method in _calls(_sources()[path]) if "ledger" in owner}
        assert "commit" not in called


def test_the_module_that_commits_is_the_one_that_publishes_what_was_committed():
    """What else is published belongs to no commit of its module: a command, a replay, a reminder."""
    publishing = {
        path
        for path, module in _sources().items()
        if ("publisher", "publish") in set(_calls(module))
    }

    assert HEART in publishing
    assert publishing & _knows_the_ledger() == {HEART}


def test_one_module_marks_records_as_published():
    """A record is done when it is committed without events, or finished."""
    marking = {
        path
        for path, module in _sources().items()
        if (path == LEDGER or _imports(module, "shared.messaging.ledger", "State"))
        and "State.DONE" in ast.unparse(module)
    }

    assert marking == {LEDGER, HEART}


def test_one_loop_tries_again_after_contention():
    """Nothing else catches contention and carries on with its loop."""
    looping = {
        path
        for path, module in _sources().items()
        for loop in ast.walk(module)
        if isinstance(loop, ast.For | ast.While) and _catches_contention(loop)
    }

    assert looping == set()


def _catches_contention(loop: ast.For | ast.While) -> bool:
    return any(
        isinstance(node, ast.ExceptHandler)
        and node.type is not None
        and {"ContentionError", "ConditionsFailed"}
        & {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
        for node in ast.walk(loop)
    )
