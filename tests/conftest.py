"""What every test may rely on, however it was started; and which tests share a worker."""

import signal
from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Tests that share something expensive, by the folders that they are in. Whole stacks are deployed one
# after the other: two at once have no room on two cores, and their tests wait for moments.
_TOGETHER = {
    "tests/e2e": "stacks",
    "tests/chaos": "stacks",
    "tests/integration/local_stack": "stacks",
    "tests/infra": "templates",
}
# Long tests of one file that share nothing but their parameter: any worker takes the next one.
_BY_PARAMETER = ("tests/simulation/test_seeds.py", "tests/mutations/test_planted_bugs.py")
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
    """Longest first."""
    items.sort(key=lambda item: _rank(_path_of(item.nodeid)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Shares the tests out by what they need, whatever ``--dist`` says."""
    return _BySharedThing(config, log)


class _BySharedThing(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Tests of one group run on one worker, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        path = _path_of(nodeid)
        if path in _BY_PARAMETER:
            return f"{path}[{nodeid.partition('[')[2]}"
        shared = (group for folder, group in _TOGETHER.items() if path.startswith(folder))
        return next(shared, path)


def _path_of(nodeid: str) -> str:
    return PurePosixPath(nodeid.partition("::")[0]).as_posix()


def _rank(path: str) -> int:
    return next((rank for rank, start in enumerate(_FIRST) if path.startswith(start)), len(_FIRST))
