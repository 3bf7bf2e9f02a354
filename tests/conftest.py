"""What every test may rely on, however it was started; and which tests share a worker."""

import signal
from pathlib import PurePosixPath

import pytest

# Tests that share something expensive, by the folders that they are in. Whole stacks are deployed one
# after the other: two at once have no room on two cores, and their tests wait for moments.
_TOGETHER = {
    "tests/e2e": "stacks",
    "tests/chaos": "stacks",
    "tests/integration/local_stack": "stacks",
    "tests/infra": "templates",
}
# Long tests of one file that share nothing: any worker takes the next one.
_APART = ("tests/simulation/test_seeds.py",)
# The longest first, so that no worker starts one when the others are done.
_FIRST = (
    *_TOGETHER,
    "tests/mutations",
    "tests/simulation",
    "tests/integration",
    "tests/conformance",
)


def pytest_configure() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and so would every program that a
    test starts and interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first, and what shares something expensive on one worker."""
    items.sort(key=lambda item: _rank(_path_of(item)))
    for item in items:
        path = _path_of(item)
        if path not in _APART and item.get_closest_marker("xdist_group") is None:
            shared = (group for folder, group in _TOGETHER.items() if path.startswith(folder))
            item.add_marker(pytest.mark.xdist_group(next(shared, path)))


def _path_of(item: pytest.Item) -> str:
    return PurePosixPath(item.nodeid.partition("::")[0]).as_posix()


def _rank(path: str) -> int:
    return next((rank for rank, start in enumerate(_FIRST) if path.startswith(start)), len(_FIRST))
